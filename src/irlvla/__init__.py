"""IRL-VLA: imitation, a reward world model and PPO for driving policies, judged by NAVSIM v2's EPDMS.

Importing the package is cheap; each room (``irlvla.scene``, ``irlvla.epdms``, ``irlvla.model``, ...) loads what it
needs when it is imported.
"""

from importlib.metadata import version as _version

__version__ = _version("irlvla")
