"""How good the expert is, and how bad who does not look: `python -m benchmarks.town_table docs/results/town.json`.

Scenes of held-out seeds before and after thinning, judged with PDM-Closed as the reference; the ego-status MLP learns
from scenes of training seeds that were thinned alike. Counted too: scenes with crossing traffic or a light ahead.
"""

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from irlvla.evaluation.agents import constant_velocity, driving, human
from irlvla.evaluation.benchmark import evaluate
from irlvla.model import EgoMLP
from irlvla.scene import CameraRig, Scene, SceneInputs, SceneStore
from irlvla.sources import observe
from irlvla.sources.language.situation import perceive
from irlvla.sources.town import TownSettings, make_scenes
from irlvla.tables import print_table
from irlvla.training.data import SceneSet, human_points
from irlvla.training.imitation import train_ego_mlp
from irlvla.training.loop import Run

TRAIN, TEST = 600, 400
BLIND = CameraRig.navsim(2, 1)
"""Nobody here looks at pictures."""


def main(out: Path) -> None:
    """Print both tables and write them to ``out``."""
    with tempfile.TemporaryDirectory() as folder:
        train, _ = scenes_of(Path(folder) / "train", TRAIN, "train", TownSettings())
        mlp = learn(train, Path(folder))
        tables = {}
        for name, easiest in (("before thinning", 2.0), ("after thinning", TownSettings().easiest)):
            settings = TownSettings(easiest=easiest)
            scenes, kept = scenes_of(Path(folder) / name, TEST, "test", settings)
            agents = {"human": human, "constant-velocity": constant_velocity, "ego-mlp": driving(mlp)}
            judged = evaluate(agents, scenes, BLIND)
            rows = [each.row() for each in judged]
            mattering = sum(map(matters, scenes)) / len(scenes)
            stamp = judged[0].stamp(f"held-out seeds, {name}")
            print(
                f"\n{name}: {100 * kept:.0f} % kept, crossing traffic or a light in {100 * mattering:.0f} % of scenes"
            )
            print_table(rows, stamp)
            tables[name] = {"stamp": stamp, "kept": kept, "crossing_or_light": mattering, "rows": rows}
    out.write_text(json.dumps({"command": "python -m benchmarks.town_table", "seeds": [0], **tables}, indent=1))


def scenes_of(folder: Path, count: int, split: str, settings: TownSettings) -> tuple[list[Scene], float]:
    """Scenes of a split and the share of pairs that thinning kept."""
    report = make_scenes(folder, count, split, settings)
    return list(SceneStore(folder)), report.kept / report.candidates


def learn(scenes: Sequence[Scene], folder: Path) -> EgoMLP:
    """An ego-status MLP that has learnt from ``scenes``."""
    inputs = SceneInputs.cat([observe([scene], BLIND) for scene in scenes])
    plans = torch.stack([human_points(scene) for scene in scenes])
    blind: Any = None  # features and targets that it does not look at
    return train_ego_mlp(Run(folder, 0, "cpu"), SceneSet(scenes, inputs, blind, plans, blind))


def matters(scene: Scene) -> bool:
    """Whether somebody crosses the ego's path or a light that it comes to within four seconds speaks to it."""
    speed = float(scene.history[-1, 3])
    seen = perceive(scene.truth, speed)
    return bool(seen.crossers) or (seen.light is not None and seen.light.distance < 4.0 * speed + 10.0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
