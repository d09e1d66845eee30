"""Draws the pictures of the README from a made-up recording: `python -m benchmarks.pictures docs/pictures`."""

import sys
from pathlib import Path

import numpy as np
import torch

from irlvla.epdms import SceneTruthBatch, score
from irlvla.evaluation.agents import constant_velocity
from irlvla.evaluation.birdseye import cameras_figure, figure
from irlvla.scene import CameraRig, Command
from irlvla.sources import observe
from irlvla.sources.render.bench import busy_crossing
from irlvla.sources.scenarionet import read_scenario
from irlvla.sources.scenes import cut_scenes
from tests.sources.made_up import new_scenario


def main(folder: Path) -> None:
    """Write ``birdseye.png`` and ``cameras.png`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    scenes = list(cut_scenes(read_scenario(new_scenario(), "made-up")).scenes())
    scene = next(s for s in scenes if s.command == Command.LEFT and s.token.endswith("0015"))
    plans = {"human": scene.truth.human.poses, "constant-velocity": constant_velocity([scene], None)[0].numpy()}
    truth = SceneTruthBatch.prepare([scene.truth])
    for name, poses in plans.items():
        print(name, score(truth, torch.as_tensor(np.asarray(poses))[None, None]).epdms().item())
    figure(scene, plans, folder / "birdseye.png")
    images = observe([busy_crossing()], CameraRig.navsim()).images[0].numpy()
    cameras_figure(images, CameraRig.navsim().names).savefig(folder / "cameras.png", dpi=90)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
