"""What agents are judged on: scenes of the town, of recorded driving, of a scene store, or of a split of NAVSIM."""

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from irlvla.compiling import fingerprint
from irlvla.epdms import TrafficPolicy
from irlvla.errors import InputError
from irlvla.material import source_path
from irlvla.scene import Scene, SceneStore, StoredScenes
from irlvla.scene.store import VERSION
from irlvla.sources import import_scenes, town
from irlvla.sources.navsim import ACCOUNT, Places, import_split
from irlvla.sources.town import SPLITS, TownSettings, log_name, make_scenes

SCENES = 200
"""Of the town and of recorded driving, where nobody says how many."""


@dataclass(frozen=True)
class EvaluationSet:
    """What a table is made on.

    Attributes:
        scenes: in whole logs, of both stages where there are two; read when they are asked for.
        split: what it is called in the stamp; says so where a split is not whole.
        traffic: what the other road users do in it: in NAVSIM's two-stage splits they react.
    """

    scenes: Sequence[Scene]
    split: str
    traffic: TrafficPolicy = "log-replay"


def evaluation_set(
    source: str, split: str, count: int | None = None, followers: int = 0, pictures: bool = True, workers: int = 1
) -> EvaluationSet:
    """The scenes of a split; what had to be made or imported for it is kept in the user's cache.

    Args:
        source: "town", "waymo-sample", a folder of recorded driving, a scene store, or "navsim".
        split: "train" or "test" of the town; "navtest", "navhard_two_stage", ... of NAVSIM; "all" of other sources.
        count: about how many first-stage scenes, in whole logs; None takes 200, and all of a split of NAVSIM.
        followers: second-stage starts for each pair of the town's scenes.
        pictures: whether the scenes of NAVSIM need their pictures.
        workers: processes that import or make scenes.

    Raises:
        InputError: if the source or the split cannot be used.
    """
    if count is not None and count < 1:
        raise InputError("--scenes", f"{count} are too few", "give 1 or more")
    if source == "navsim":
        return _navsim(split, count, pictures, workers)
    if source == "town":
        if split not in SPLITS:
            raise InputError("--split", f"the town has no split {split!r}", "give train or test, or --source navsim")
        store = _town_store(split, count or SCENES, followers, workers)
        first = log_name(SPLITS[split])
        logs = [log for log in sorted(store.logs) if log >= first]
        return EvaluationSet(StoredScenes(store, _tokens(store, logs, count or SCENES)), split)
    if split != "all":
        raise InputError("--split", f"{source!r} has no split {split!r}", "give all, or take the town or navsim")
    store = _recorded_store(source)
    if (store.folder / ACCOUNT).exists():
        return _of_account(store, count)
    return EvaluationSet(StoredScenes(store, _tokens(store, list(store.logs), count or SCENES)), split)


def _kept(source: str) -> Path:
    """Where stores of a source are kept; those of another form of store are left alone."""
    return user_cache_path("irlvla") / f"stores-{VERSION}" / source


def _navsim(split: str, count: int | None, pictures: bool, workers: int) -> EvaluationSet:
    places = Places.of()
    download = hashlib.sha256(str([places.data.resolve(), places.maps, places.splits]).encode()).hexdigest()[:8]
    name = f"{split}-{download}" if pictures else f"{split}-{download}-without-pictures"
    folder = _kept("navsim") / name
    report = import_split(split, folder, places, scenes=count, pictures=pictures, workers=workers)
    print("\n".join(report.lines()), file=sys.stderr)
    return _of_account(SceneStore(folder), count)


def _of_account(store: SceneStore, count: int | None) -> EvaluationSet:
    """A store that a split was imported into."""
    account = json.loads((store.folder / ACCOUNT).read_bytes())
    tokens = store.tokens if count is None else _tokens(store, list(store.logs), count)
    asked = account["asked"] or len(store)
    name = account["split"] if len(tokens) == asked else f"{account['split']} ({len(tokens):,} of {asked:,} scenes)"
    traffic: TrafficPolicy = "reactive-idm" if account["stages"] == 2 else "log-replay"
    return EvaluationSet(StoredScenes(store, tokens), name, traffic)


def _tokens(store: SceneStore, logs: Sequence[str], count: int) -> list[str]:
    """Tokens of whole logs until ``count`` first-stage scenes are among them."""
    tokens: list[str] = []
    first = 0
    for log in logs:
        if first >= count:
            break
        tokens += store.logs[log]
        first += sum(store[token].follows is None for token in store.logs[log])
    return tokens


def _town_store(split: str, count: int, followers: int, workers: int) -> SceneStore:
    sources = Path(town.__file__).parent
    made_by = fingerprint(sources) + fingerprint(sources / "traffic")
    folder = _kept("town") / f"{made_by}-{followers}"
    make_scenes(folder, count, split, TownSettings(followers=followers), workers=workers)
    return SceneStore(folder)


def _recorded_store(source: str) -> SceneStore:
    """The scene store that ``source`` is, or one made of its recorded driving."""
    path = source_path(source)
    if path is not None and (path / "store.json").exists():
        return SceneStore(path)
    name = source if path is None else hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]
    folder = _kept("recorded") / name
    import_scenes("auto" if path else "waymo-sample", path, folder)
    return SceneStore(folder)
