"""How fast the town is: scenes made a second, environment steps a second with and without cameras."""

import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from irlvla.scene import CameraRig
from irlvla.scene.frames import to_local
from irlvla.sources.town.env import TownEnv
from irlvla.sources.town.log import TownSettings
from irlvla.sources.town.making import make_scenes

SPEED = 6.0
"""At which the benchmark's ego follows its way [m/s]."""


def bench(scenes: int = 200, workers: int = 2, seconds: float = 10.0) -> dict[str, float]:
    """Rates of the town.

    Args:
        scenes: how many to make, after some that only compile.
        workers: processes that make them.
        seconds: how long the environment is stepped, each way, on one core.

    Returns:
        ``scenes_per_s``, ``env_steps_per_s`` and, with NAVSIM's eight cameras of 256 x 144,
        ``env_steps_per_s_cameras``.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return {
            "scenes_per_s": _scenes_per_second(scenes, workers),
            "env_steps_per_s": _steps_per_second(None, seconds),
            "env_steps_per_s_cameras": _steps_per_second(CameraRig.navsim(), seconds),
        }
    finally:
        torch.set_num_threads(threads)


def _scenes_per_second(count: int, workers: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        make_scenes(Path(folder) / "first", 1, "train", TownSettings(), workers=workers)
        begin = time.perf_counter()
        report = make_scenes(Path(folder) / "timed", count, "train", TownSettings(), workers=workers)
        return report.scenes / (time.perf_counter() - begin)


def _steps_per_second(rig: CameraRig | None, seconds: float) -> float:
    """Steps alone are timed, not the towns' making."""
    env = TownEnv(rig)
    env.reset(seed=0)
    for _ in range(3):
        env.step(_along_way(env))
    steps, spent, seed = 0, 0.0, 0
    while spent < seconds:
        env.reset(seed=seed)
        seed, ended = seed + 1, False
        while not ended and spent < seconds:
            plan = _along_way(env)
            begin = time.perf_counter()
            _, _, terminated, truncated, _ = env.step(plan)
            spent += time.perf_counter() - begin
            steps += 1
            ended = terminated or truncated
    return steps / spent


def _along_way(env: TownEnv) -> NDArray[np.float64]:
    """A plan along the ego's way at a steady speed; its headings are those of the way."""
    episode = env.episode
    metres = episode.place + SPEED * 0.5 * np.arange(9)
    line = np.stack([np.interp(metres, episode.way.metres, axis) for axis in episode.way.line.T], -1)
    points = to_local(line, episode.states[-1, :3])
    steps = np.diff(points, axis=0)
    return np.column_stack([points[1:], np.arctan2(steps[:, 1], steps[:, 0])])
