"""Rate and size of importing NAVSIM on one core, on a made-up split; prints JSON.

Usage: python -m benchmarks.navsim. Four logs of towns whose maps have points as near as nuPlan's; to each frame
eighty objects are added, so that scenes are about as full as those of a city.
"""

import contextlib
import json
import pickle
import tempfile
import time
from pathlib import Path

import numpy as np

from irlvla.scene import SceneStore
from irlvla.sources.navsim import Places, import_split
from tests.sources.navsim.made_up import write_made_up

SEEDS, SECONDS, EXTRA = tuple(range(4)), 30.0, 80


def crowd(path: Path, rng: np.random.Generator) -> None:
    """Add objects that drive along beside the ego, far enough not to be hit."""
    frames = pickle.loads(path.read_bytes())  # our own file
    sizes = rng.uniform((3.5, 1.6, 1.4), (6.0, 2.2, 2.5), (EXTRA, 3))
    angles, reach = rng.uniform(-np.pi, np.pi, EXTRA), rng.uniform(40.0, 95.0, EXTRA)
    for frame in frames:
        boxes = np.column_stack([reach * np.cos(angles), reach * np.sin(angles), np.zeros(EXTRA), sizes, angles])
        said = frame["anns"]
        said["gt_boxes"] = np.concatenate([np.asarray(said["gt_boxes"]), boxes])
        said["gt_names"] = [*said["gt_names"], *["vehicle"] * EXTRA]
        said["gt_velocity_3d"] = np.concatenate([np.asarray(said["gt_velocity_3d"]), rng.normal(0, 3, (EXTRA, 3))])
        for name in ("instance_tokens", "track_tokens"):
            said[name] = [*said[name], *(f"{k:016x}" for k in range(EXTRA))]
    path.write_bytes(pickle.dumps(frames))


def measure(root: Path) -> dict[str, float]:
    """Scenes a second of processor time, and bytes a scene in the store, its share of the map apart."""
    made = write_made_up(root, train_seeds=SEEDS, private=False, picture=(96, 54), seconds=SECONDS)
    rng = np.random.default_rng(0)
    for log in made.logs.values():
        crowd(made.log_file(log), rng)
    splits = made.devkit_root / "navsim/planning/script/config/common/train_test_split"
    places = Places(made.data_root, made.maps_root, splits)
    import_split("navtest", root / "warm-up", places)
    begin = time.process_time()
    report = import_split("navtrain", root / "store", places)
    spent = time.process_time() - begin
    store = SceneStore(root / "store")
    sizes = {part: sum(f.stat().st_size for f in (root / "store" / part).iterdir()) for part in ("logs", "maps")}
    return {
        "scenes": report.found,
        "scenes_per_s": report.found / spent,
        "objects_per_scene": float(np.mean([len(scene.truth.tracks) for scene in store])),
        "polygons_per_scene": float(np.mean([len(scene.truth.map.ids) for scene in store])),
        "bytes_per_scene": sizes["logs"] / report.found,
        "map_bytes": sizes["maps"],
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(None):
        found = measure(Path(folder))
    print(json.dumps(found))
