"""What can be said of a scene: the instruction, the meta-action, and grounded questions and answers."""

from irlvla.sources.language.describe import describe, instruct
from irlvla.sources.language.situation import perceive

__all__ = ["describe", "instruct", "perceive"]
