"""The three stages: imitation, the reward world model, and PPO against it; one loop under all of them."""

from irlvla.training import imitation, labels, reinforce, reward
from irlvla.training.data import SceneSet
from irlvla.training.loop import Run

__all__ = ["Run", "SceneSet", "imitation", "labels", "reinforce", "reward"]
