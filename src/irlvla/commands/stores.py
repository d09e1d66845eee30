"""Scene stores: import, make, look into, check."""

import json
from pathlib import Path
from typing import Annotated, Literal

import tyro

from irlvla.commands.options import Json, cores


def import_logs(
    source: Annotated[Literal["auto", "waymo-sample", "nuscenes", "waymo", "argoverse2"], tyro.conf.Positional],
    out: Path,
    path: Annotated[Path | None, tyro.conf.arg(name="in")] = None,
    strict: bool = False,
    as_json: Json = False,
) -> int:
    """Foreign logs into a scene store; logs that are there already are skipped.

    For NAVSIM see `irlvla data import navsim --help`.

    Args:
        source: What the logs are; "auto" looks.
        out: Folder of the scene store.
        path: File or folder of the logs (none for waymo-sample).
        strict: Stop at the first file that cannot be used, in place of skipping and counting it.
        as_json: Print one JSON object for machines.
    """
    from dataclasses import asdict

    from irlvla.sources import import_scenes

    report = import_scenes(source, path, out, strict=strict)
    print(json.dumps(asdict(report), default=str) if as_json else "\n".join(report.lines()))
    return 0


def import_navsim(
    split: str,
    out: Path,
    data: Path | None = None,
    maps: Path | None = None,
    splits: Path | None = None,
    without_pictures: bool = False,
    strict: bool = False,
    workers: int | None = None,
    as_json: Json = False,
) -> int:
    """A split of NAVSIM into a scene store, both stages where it has two; goes on where it was stopped.

    Status 1 if anything that the split names is missing; the store's import.json lists it.

    Args:
        split: navtrain, navtest, navmini, navhard_two_stage, ...
        out: Folder of the scene store.
        data: The download with navsim_logs and sensor_blobs; OPENSCENE_DATA_ROOT if nothing is said.
        maps: nuPlan's maps; NUPLAN_MAPS_ROOT if nothing is said.
        splits: Folder of the splits' YAML files; that of the checkout NAVSIM_DEVKIT_ROOT if nothing is said.
        without_pictures: Take scenes whose pictures are not there too; they are drawn when somebody looks.
        strict: Stop at the first thing that is missing or damaged, in place of naming and counting it.
        workers: Processes; all cores if nothing is said.
        as_json: Print one JSON object for machines.
    """
    from irlvla.sources.navsim import Places, import_split

    places = Places.of(data, maps, splits)
    report = import_split(split, out, places, pictures=not without_pictures, strict=strict, workers=workers or cores())
    print(json.dumps(report.to_dict()) if as_json else "\n".join(report.lines()))
    return 0 if report.whole else 1


def make(
    out: Path,
    scenes: int = 1000,
    split: Literal["train", "test"] = "train",
    followers: int = 0,
    first_seed: int = 0,
    workers: int = 2,
    as_json: Json = False,
) -> int:
    """Scenes of the embedded town into a scene store; towns that are there already are not made again.

    Args:
        out: Folder of the scene store.
        scenes: How many, followers not counted.
        split: Their seeds never meet.
        followers: Second-stage starts for each pair of scenes.
        first_seed: Where to begin within the split.
        workers: Processes.
        as_json: Print one JSON object for machines.
    """
    from irlvla.sources.town import TownSettings, make_scenes

    report = make_scenes(out, scenes, split, TownSettings(followers=followers), first_seed, workers)
    print(json.dumps(report.to_dict()) if as_json else "\n".join(report.lines()))
    return 0


def info(store: Annotated[Path, tyro.conf.Positional], tokens: bool = False, as_json: Json = False) -> int:
    """What a scene store holds.

    Args:
        store: Its folder.
        tokens: List the scenes' tokens.
        as_json: Print one JSON object for machines.
    """
    from irlvla.scene import SceneStore

    opened = SceneStore(store)
    info = opened.info() | ({"tokens": opened.tokens} if tokens else {})
    if as_json:
        print(json.dumps(info))
        return 0
    print(f"{info['format']} version {info['version']}: {info['scenes']} scenes of {len(info['logs'])} logs, "
          f"{info['maps']} maps, {info['bytes'] / 1e6:.1f} MB")  # fmt: skip
    for log, count in info["logs"].items():
        print(f"  {log}: {count}")
    if tokens:
        print("\n".join(opened.tokens))
    return 0


def verify(store: Annotated[Path, tyro.conf.Positional], as_json: Json = False) -> int:
    """Read a whole scene store against its checksums; status 1 if anything is wrong.

    Args:
        store: Its folder.
        as_json: Print one JSON object for machines.
    """
    from irlvla.scene import SceneStore

    faults = SceneStore(store).verify()
    print(json.dumps({"faults": faults}) if as_json else "\n".join(faults) or "sound")
    return 1 if faults else 0
