"""A small data set in NAVSIM's layout on disk, made up from towns: maps, logs, pictures, second stage, splits."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from irlvla.sources.town.build import build_town
from tests.sources.navsim.made_up_logs import EVERY, NO_ROUTE, MadeUpLog, cams, frame, frames, made_up_log, token
from tests.sources.navsim.made_up_map import BOSTON, LAS_VEGAS, MappedTown, write_cities
from tests.sources.navsim.made_up_objects import write_pickle
from tests.sources.navsim.made_up_pictures import Lenses, save_picture, save_points
from tests.sources.navsim.made_up_rides import drive, followers, scene_at
from tests.sources.navsim.made_up_second_stage import (
    BEYOND,
    HISTORY,
    Follower,
    followers_of,
    plain_frames,
    synthetic_scene,
)
from tests.sources.navsim.made_up_splits import Mapped, Split, attributes_table, write_splits

LAST_FUTURE = 10  # frames after now in scenes of one stage
_HARD, _WARM_UP, _PRIVATE = (6, 12), (9,), (7, 14)  # frames that the second stage follows
_FOLLOWERS = 2


@dataclass(frozen=True, repr=False)
class MadeUp:
    """A written data set, and what it was written from.

    Attributes:
        data_root, maps_root, devkit_root: what OPENSCENE_DATA_ROOT, NUPLAN_MAPS_ROOT and NAVSIM_DEVKIT_ROOT are set to.
        logs: by name.
        towns: as they lie in their cities, by seed.
        splits: by name.
        frames: log and frame of each first-stage token of all splits.
        followers: second-stage scenes by initial token, those of the private split too.
    """

    data_root: Path
    maps_root: Path
    devkit_root: Path
    logs: dict[str, MadeUpLog] = field(default_factory=dict)
    towns: dict[int, MappedTown] = field(default_factory=dict)
    splits: dict[str, Split] = field(default_factory=dict)
    frames: dict[str, tuple[MadeUpLog, int]] = field(default_factory=dict)
    followers: dict[str, Follower] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"MadeUp({self.data_root})"

    def log_file(self, log: MadeUpLog) -> Path:
        """The pickle of a log."""
        return self.data_root / "navsim_logs" / log.split / f"{log.name}.pkl"

    def scene_file(self, split: str, follower: Follower) -> Path:
        """The pickle of a synthetic scene."""
        return self.data_root / split / "synthetic_scene_pickles" / f"{follower.scene_token}.pkl"

    def picture(self, log: MadeUpLog, k: int, camera: str = "CAM_F0") -> Path:
        """The picture of a camera in a frame of a log."""
        return self.data_root / "sensor_blobs" / log.split / cams(log, k, f"{log.name}/")[camera]["data_path"]


def write_made_up(
    root: Path,
    train_seeds: Sequence[int] = (0, 1),
    test_seeds: Sequence[int] = (5_000_011,),
    private: bool = True,
    picture: tuple[int, int] = (480, 270),
    seconds: float = 12.0,
) -> MadeUp:
    """Write a data set below ``root``; the same arguments give the same files.

    Args:
        root: a folder.
        train_seeds: towns whose rides make up navtrain (in Boston), the first of them navmini too.
        test_seeds: towns whose rides make up navtest and both stages of navhard and of the warm-up (in Las Vegas).
        private: whether the private split is written too, from the first of the test towns.
        picture: width and height of the pictures, which are 1920 by 1080 in reality.
        seconds: length of the rides.
    """
    made = MadeUp(root / "dataset", root / "dataset" / "maps", root / "navsim")
    towns = {seed: build_town(seed) for seed in (*train_seeds, *test_seeds)}
    in_cities = {BOSTON: [towns[seed] for seed in train_seeds], LAS_VEGAS: [towns[seed] for seed in test_seeds]}
    made.towns.update(write_cities(made.maps_root, in_cities))
    train, test = (
        [made_up_log(drive(seed, seconds, towns[seed]), made.towns[seed], split, picture) for seed in seeds]
        for seeds, split in ((train_seeds, "trainval"), (test_seeds, "test"))
    )
    lenses = {log.name: Lenses(log.rig) for log in (*train, *test)}
    for log in (*train, *test):
        made.logs[log.name] = log
        write_pickle(frames(log), made.log_file(log))
    if train:
        _write_one_stage(made, "navtrain", train, lenses)
        _write_mini(made, train[0], lenses[train[0].name])
    if test:
        _write_one_stage(made, "navtest", test, lenses)
        _write_two_stages(made, "navhard_two_stage", test, _HARD, lenses)
        _write_two_stages(made, "warmup_two_stage", test[:1], _WARM_UP, lenses)
        if private:
            _write_private(made, test[0], lenses[test[0].name])
    write_splits(made.devkit_root, made.splits)
    return made


def _usable(log: MadeUpLog, future: int) -> list[int]:
    """Frames that have what comes before and after, and a route."""
    return [k for k in range(HISTORY - 1, len(log) - future) if k != NO_ROUTE]


def _write_one_stage(made: MadeUp, name: str, logs: Sequence[MadeUpLog], lenses: dict[str, Lenses]) -> None:
    """A split of one stage; it leaves some frames out, as the real ones do."""
    tokens = []
    for log in logs:
        for k in _usable(log, LAST_FUTURE):
            if k % 5 != 0:
                tokens.append(log.tokens[k])
                made.frames[log.tokens[k]] = log, k
                _take(made, log, k, lenses[log.name])
    made.splits[name] = Split(logs[0].split, tuple(tokens), tuple(log.name for log in logs))


def _write_mini(made: MadeUp, log: MadeUpLog, lenses: Lenses) -> None:
    """The first log again, as the only one of the mini data, with scenes that share no frame."""
    pickles = made.data_root / "navsim_logs"
    (pickles / "mini").mkdir(parents=True, exist_ok=True)
    shutil.copy(made.log_file(log), pickles / "mini")
    whole = HISTORY + LAST_FUTURE
    tokens = []
    for first in range(0, len(log) - whole + 1, whole):
        k = first + HISTORY - 1
        tokens.append(log.tokens[k])
        made.frames[log.tokens[k]] = log, k
        _take(made, log, k, lenses)
        for camera in cams(log, k, f"{log.name}/").values():
            copy = made.data_root / "sensor_blobs" / "mini" / camera["data_path"]
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(made.data_root / "sensor_blobs" / log.split / camera["data_path"], copy)
    made.splits["navmini"] = Split("mini", tuple(tokens), (log.name,), interval=None)


def _take(made: MadeUp, log: MadeUpLog, k: int, lenses: Lenses) -> None:
    """Pictures of a frame, and points of the first ones."""
    if made.picture(log, k).exists():
        return
    pictures = lenses.take(scene_at(log.driven, log.ride, EVERY * k, log.rig))
    for name, picture in zip(log.rig.names, pictures, strict=True):
        save_picture(picture, made.picture(log, k, name))
    if k < HISTORY + 1:
        blobs = made.data_root / "sensor_blobs" / log.split
        content = frame(log, k)
        save_points(content["anns"]["gt_boxes"], blobs / content["lidar_path"])


def _write_two_stages(
    made: MadeUp, name: str, logs: Sequence[MadeUpLog], firsts: Sequence[int], lenses: dict[str, Lenses]
) -> None:
    """A split of two stages, its synthetic scenes, their pictures and their table."""
    folder = made.data_root / name
    mapping: list[Mapped] = []
    rows = []
    for log in logs:
        for k in firsts:
            if k + BEYOND >= len(log):
                continue
            pairs = _pairs(log, k, name, future=0 if name.startswith("navhard") else 2)
            mapping.append((log.tokens[k], log.tokens[k - 1], tuple((now.token, ago.token) for now, ago in pairs)))
            for first in (k - 1, k):
                made.frames[log.tokens[first]] = log, first
                _take(made, log, first, lenses[log.name])
            for now, ago in pairs:
                for follower in (now, ago):
                    made.followers[follower.token] = follower
                    _write_follower(folder, follower, name.startswith("navhard"), lenses[log.name])
                    rows.append(_attributes(follower, (now, ago)))
                write_pickle(plain_frames(ago, now), folder / "openscene_meta_datas" / f"{now.scene_token}.pkl")
    (folder / "synthetic_scenes_attributes.csv").write_text(attributes_table(rows))
    tokens = tuple(sorted(first for now, ago, _ in mapping for first in (now, ago)))
    synthetic = tuple(sorted(each for *_, pairs in mapping for pair in pairs for each in pair))
    names = tuple(log.name for log in logs)
    made.splits[name] = Split("test", tokens, names, BEYOND, tuple(mapping), synthetic)


def _pairs(log: MadeUpLog, k: int, salt: str, future: int) -> list[tuple[Follower, Follower]]:
    rides = followers(log.driven, EVERY * k, _FOLLOWERS)
    return [followers_of(log, k, ride, place, salt, future) for place, ride in enumerate(rides)]


def _write_follower(folder: Path, follower: Follower, tidy: bool, lenses: Lenses) -> None:
    scene = synthetic_scene(follower, tidy)
    write_pickle(scene, folder / "synthetic_scene_pickles" / f"{follower.scene_token}.pkl")
    _take_following(folder / "sensor_blobs", follower, f"{follower.log.name}/", lenses)


def _take_following(blobs: Path, follower: Follower, below: str, lenses: Lenses) -> None:
    """Pictures of a synthetic scene's now."""
    log = follower.log
    pictures = lenses.take(scene_at(log.driven, follower.ride, follower.now, log.rig))
    for name, picture in zip(log.rig.names, pictures, strict=True):
        save_picture(picture, blobs / follower.data_path(HISTORY - 1, name, below))


def _attributes(follower: Follower, pair: tuple[Follower, Follower]) -> dict[str, str]:
    return {
        "synthetic_scene_token": follower.scene_token,
        "log_name": follower.log.name,
        "map_name": follower.log.mapped.city.name,
        "corresponding_original_scene_token": follower.log.tokens[follower.first + BEYOND],
        "pair_identifier": token(pair[0].token, pair[1].token),
        "viewpoint": str(follower.pose.tolist()),
        "cam_f0_path": follower.data_path(HISTORY - 1, "CAM_F0", f"{follower.log.name}/"),
    }


def _write_private(made: MadeUp, log: MadeUpLog, lenses: Lenses) -> None:
    """The private split: groups of five frames that tell what a policy sees and no more, in both stages."""
    first_stage, second_stage = (
        made.data_root / "sensor_blobs/private_test_hard",
        made.data_root / "private_test_hard_two_stage",
    )
    hidden = ("anns", "sample_prev", "sample_next", "scene_name")
    listed, tokens, synthetic = [], [], []
    content = frames(log)
    for k in (k for k in _PRIVATE if k + BEYOND < len(log)):
        for place, number in enumerate(range(k - HISTORY, k + 1)):
            shown = {name: value for name, value in content[number].items() if name not in hidden}
            name = token("private", log.tokens[number])
            shown |= {
                "token": name, "frame_idx": place, "scene_token": token("private", log.name, k), "roadblock_ids": [],
                "traffic_lights": [], "lidar_path": None, "log_name": "private_test_hard",
                "cams": cams(log, number, ""),
            }  # fmt: skip
            listed.append(shown)
            if number >= k - 1:
                tokens.append(name)
                made.frames[name] = log, number
                pictures = lenses.take(scene_at(log.driven, log.ride, EVERY * number, log.rig))
                for camera, picture in zip(shown["cams"].values(), pictures, strict=True):
                    save_picture(picture, first_stage / camera["data_path"])
        for now, ago in _pairs(log, k, "private", future=0)[:1]:
            write_pickle(plain_frames(ago, now), second_stage / "openscene_meta_datas" / f"{now.scene_token}.pkl")
            for follower in (now, ago):
                made.followers[follower.token] = follower
                synthetic.append(follower.token)
                _take_following(second_stage / "sensor_blobs", follower, "", lenses)
    write_pickle(listed, made.data_root / "navsim_logs/private_test_hard/private_test_hard.pkl")
    made.splits["private_test_hard_two_stage"] = Split(
        "private_test_hard", tuple(sorted(tokens)), None, BEYOND, None, tuple(sorted(synthetic))
    )
