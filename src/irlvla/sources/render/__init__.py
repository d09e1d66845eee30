"""What cameras see of a scene: recorded pictures where there are any, else pictures drawn from its state."""

from irlvla.sources.render.checks import check_rig
from irlvla.sources.render.draw import render
from irlvla.sources.render.inputs import observe

__all__ = ["check_rig", "observe", "render"]
