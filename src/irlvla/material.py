"""The scenes of a run: made in the town, or imported from recorded driving; some to train on, others to judge by."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from irlvla.errors import InputError
from irlvla.scene import Scene, SceneStore, StoredScenes
from irlvla.sources import import_scenes
from irlvla.sources.navsim import Places, import_split
from irlvla.sources.town import SPLITS, TownSettings, make_scenes
from irlvla.training.augment import mirrored
from irlvla.training.loop import hash_seed

HELD_OUT_SHARE = 0.25


@dataclass(frozen=True)
class TownSizes:
    """How much of the town, or of NAVSIM, a run takes.

    Attributes:
        train: scenes to learn from. test: first-stage scenes to be judged in.
        followers: second-stage starts for each pair of the latter.
        episodes: rides in closed loop. ride_seconds: their time limit [s].
        workers: processes that make scenes.
    """

    train: int = 1000
    test: int = 120
    followers: int = 2
    episodes: int = 8
    ride_seconds: float = 75.0
    workers: int = 2


@dataclass(frozen=True)
class Material:
    """Scenes, and what each is for.

    Attributes:
        train, test: the scenes to learn from, and those to be judged in; read when they are asked for.
        train_logs: how many logs the former are from.
        logs: those of the latter, of which no scene of the former is.
        split: what the held-out part is called in the stamp.
        doubled: whether mirrored scenes join the training set (the town drives on the right; records are few).
        episodes: seeds of towns for rides in closed loop; none for recorded driving.
    """

    train: StoredScenes
    test: StoredScenes
    train_logs: int
    logs: tuple[str, ...]
    split: str
    doubled: bool
    episodes: tuple[int, ...] = ()

    @classmethod
    def of_logs(
        cls, store: SceneStore, train: Sequence[str], test: Sequence[str], split: str, doubled: bool,
        episodes: tuple[int, ...] = (),
    ) -> "Material":  # fmt: skip
        """Whole logs of one store."""
        scenes = (StoredScenes(store, [token for log in logs for token in store.logs[log]]) for logs in (train, test))
        return cls(*scenes, len(train), tuple(test), split, doubled, episodes)

    def training_scenes(self) -> list[Scene]:
        """The scenes to learn from, in memory."""
        scenes = list(self.train)
        return scenes + mirrored(scenes) if self.doubled else scenes


def gather(source: str, folder: Path, held_out: Sequence[str], sizes: TownSizes, seed: int) -> Material:
    """The scenes of ``source`` in a store at ``folder``; what is there already is not made again.

    Args:
        source: "town", "navsim" (found by its environment variables), "waymo-sample", or a folder or file of recorded
            driving.
        folder: of the store.
        held_out: recorded logs (or parts of their names) to be judged in.
        sizes: of the town's part.
        seed: of the run; another one takes other towns.

    Raises:
        InputError: if the source cannot be used.
    """
    if source in ("town", "navsim") and held_out:
        what = f"{source} holds out a split of its own, not logs"
        raise InputError("--held-out", what, "leave it out, or name a recorded source")
    if source == "town":
        return _town(folder, sizes, seed)
    if source == "navsim":
        return _navsim(folder, sizes)
    path = source_path(source)
    print("\n".join(import_scenes("auto" if path else "waymo-sample", path, folder).lines()), file=sys.stderr)
    store = SceneStore(folder)
    train, test = split_logs(store, held_out)
    return Material.of_logs(store, train, test, "held-out logs", doubled=True)


def _navsim(folder: Path, sizes: TownSizes) -> Material:
    """The first logs of navtrain to learn from, those of navtest to be judged in."""
    stores = []
    for split, count in (("navtrain", sizes.train), ("navtest", sizes.test)):
        report = import_split(split, folder / split, Places.of(), scenes=count, workers=sizes.workers)
        print("\n".join(report.lines()), file=sys.stderr)
        stores.append(SceneStore(folder / split))
    train, test = stores
    scenes = (StoredScenes(store, store.tokens) for store in stores)
    logs = tuple(log for log, tokens in test.logs.items() if tokens)
    return Material(*scenes, len(train.logs), logs, "navtest, first logs", doubled=False)


def _town(folder: Path, sizes: TownSizes, seed: int) -> Material:
    first = 10_000 * seed
    for split, count, followers in (("train", sizes.train, 0), ("test", sizes.test, sizes.followers)):
        settings = TownSettings(followers=followers)
        report = make_scenes(folder, count, split, settings, first_seed=first, workers=sizes.workers)
        print("\n".join(f"town, {split}: {line}" for line in report.lines()), file=sys.stderr)
    store = SceneStore(folder)
    logs = [log for log, tokens in store.logs.items() if tokens]
    test = tuple(log for log in logs if int(log.rpartition("-")[2]) >= SPLITS["test"])
    train = tuple(log for log in logs if log not in set(test))
    episodes = tuple(SPLITS["test"] + first + 5_000 + k for k in range(sizes.episodes))
    return Material.of_logs(store, train, test, "held-out seeds", doubled=False, episodes=episodes)


def source_path(source: str) -> Path | None:
    """The path that a recorded source names, None for one that is downloaded.

    Raises:
        InputError: if it is neither.
    """
    if source == "waymo-sample":
        return None
    if not Path(source).exists():
        what = "is neither town, nor navsim, nor waymo-sample, nor a path that exists"
        raise InputError(source, what, "give a folder of recorded driving")
    return Path(source)


def split_logs(store: SceneStore, held_out: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names of the logs for training and of those for the table; a log is in one of them only.

    Without ``held_out`` a quarter of the logs (at least one) is drawn by a hash of their names, so that the split does
    not depend on what else is imported.

    Raises:
        InputError: if a name fits no log, or nothing is left to train on.
    """
    logs = [log for log, tokens in store.logs.items() if tokens]
    for part in held_out:
        if not any(part in log for log in logs):
            raise InputError(f"--held-out {part}", "fits no imported log", f"choose among {', '.join(logs)}")
    if held_out:
        test = [log for log in logs if any(part in log for part in held_out)]
    else:
        test = sorted(logs, key=hash_seed)[: max(1, round(HELD_OUT_SHARE * len(logs)))]
    train = [log for log in logs if log not in test]
    if not train:
        raise InputError(store.folder, "has no log left to train on", "import at least two logs, or hold out fewer")
    return train, test
