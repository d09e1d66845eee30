"""Case files: scenes with plans in JSON (format ``navsim-oracle-scene/1``), and scoring a folder of them.

A folder holds a scene a file, ``NAME.json``. ``NAME.answer.json`` (the official scorer's answers) and
``NAME.branches.json`` may lie beside it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from irlvla.epdms.batch import SceneTruthBatch
from irlvla.epdms.plans import PreviousPlans
from irlvla.epdms.sampling import FloatArray
from irlvla.epdms.score import score
from irlvla.epdms.stamp import stamp
from irlvla.epdms.vehicle import INSTANTS
from irlvla.errors import InputError
from irlvla.scene import (
    SUBSCORE_NAMES,
    HDMap,
    Layer,
    ObjectKind,
    Polylines,
    RedLight,
    SceneTruth,
    SubScores,
    Tracks,
    Trajectory,
)

FORMAT = "navsim-oracle-scene/1"
EGO_FIELDS = (
    "x", "y", "heading", "vx", "vy", "ax", "ay",
    "steering_angle", "steering_rate", "angular_velocity", "angular_acceleration",
)  # fmt: skip
SIDE_FILES = (".answer.json", ".branches.json")


@dataclass(frozen=True)
class Case:
    """One case file.

    Attributes:
        name: of the scene.
        truth: the scene.
        poses: ``[N, T, 3]`` plans in the ego frame.
        interval: seconds between poses.
        previous: plans of the frame before, or None.
    """

    name: str
    truth: SceneTruth
    poses: FloatArray
    interval: float
    previous: PreviousPlans | None

    def score(self, version: str = "2.2", device: str = "cpu") -> SubScores:
        """Sub-scores ``[1, N]`` of the plans, as :func:`~irlvla.epdms.score`.

        Raises:
            InputError: if the scene or its plans cannot be judged.
        """
        truth = SceneTruthBatch.prepare([self.truth])
        return score(truth, self.poses[None], self.interval, version, device, self.previous)


def read_case(path: Path | str) -> Case:
    """Read one case file.

    Raises:
        InputError: if the file is missing, is no case file, or lacks something; it is named.
    """
    try:
        data = json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise InputError(path, f"cannot be read ({error})", "give a case file in JSON") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise InputError(path, "is no case file", f'its "format" must be "{FORMAT}"')
    try:
        return Case(
            name=str(data["name"]),
            truth=_truth(data),
            poses=np.array(data["trajectories"]["poses"], np.float64),
            interval=float(data["trajectories"]["interval"]),
            previous=_previous(data),
        )
    except KeyError as error:
        raise InputError(path, f"{error} is missing or unknown", "complete the case file") from error
    except (TypeError, ValueError, IndexError) as error:
        raise InputError(path, f"does not hold what the format asks for ({error})", "mend the case file") from error


def _truth(data: dict[str, Any]) -> SceneTruth:
    human = data["human"]
    return SceneTruth(
        t0_us=int(data["t0_us"]),
        ego=_ego(data["ego"]),
        past=np.array(data["history"], np.float64),
        map=_map(data["map"]),
        route=tuple(data["route_lane_ids"]),
        centerline=np.array(data["centerline"], np.float64).reshape(-1, 3),
        speed_limit=float(data["speed_limit"]),
        tracks=_tracks(data["tracks"]),
        red_lights=tuple(
            RedLight(light["lane_connector_id"], np.array(light["red"], np.bool_)) for light in data["red_lights"]
        ),
        reference=np.array(data["pdm_trajectory"], np.float64),
        reference_kind="pdm-closed",
        human=None if human is None else Trajectory(np.array(human["poses"], np.float64), float(human["interval"])),
    )


def _ego(ego: dict[str, float]) -> FloatArray:
    return np.array([ego[name] for name in EGO_FIELDS], np.float64)


def _map(elements: list[dict[str, Any]]) -> HDMap:
    holes = [(k, hole) for k, element in enumerate(elements) for hole in element["holes"]]
    return HDMap(
        ids=tuple(element["id"] for element in elements),
        layers=np.array([Layer[element["type"]] for element in elements], np.int8),
        polygons=Polylines.of(np.array(element["polygon"], np.float64) for element in elements),
        holes=Polylines.of(np.array(hole, np.float64) for _, hole in holes),
        hole_owners=np.array([k for k, _ in holes], np.int32),
    )


def _tracks(objects: list[dict[str, Any]]) -> Tracks:
    poses, velocities = np.zeros((len(objects), INSTANTS, 3)), np.zeros((len(objects), INSTANTS, 2))
    valid = np.zeros((len(objects), INSTANTS), np.bool_)
    for m, track in enumerate(objects):
        for step, *numbers in track["states"]:
            poses[m, step], velocities[m, step], valid[m, step] = numbers[:3], numbers[3:], True
    sizes = [[track[side] for side in ("length", "width", "height")] for track in objects]
    return Tracks(
        tokens=tuple(track["token"] for track in objects),
        kinds=np.array([ObjectKind[track["type"].upper()] for track in objects], np.int8),
        sizes=np.array(sizes, np.float64).reshape(-1, 3),
        poses=poses,
        velocities=velocities,
        valid=valid,
    )


def _previous(data: dict[str, Any]) -> PreviousPlans | None:
    previous = data["previous"]
    if previous is None:
        return None
    return PreviousPlans(
        t0_us=np.array([int(data["t0_us"]) - round(previous["dt"] * 1e6)]),
        ego=_ego(previous["ego"])[None],
        poses=np.array(previous["trajectories"]["poses"], np.float64)[None],
        interval=float(previous["trajectories"]["interval"]),
    )


def case_files(folder: Path | str, recursive: bool = False) -> Iterator[tuple[str, Path]]:
    """Name and path of each case file of a folder, in order; ``recursive`` adds those of folders below it.

    Raises:
        InputError: if there are none.
    """
    folder = Path(folder)
    paths = sorted(folder.rglob("*.json") if recursive else folder.glob("*.json"))
    paths = [path for path in paths if not path.name.endswith(SIDE_FILES)]
    if not paths:
        raise InputError(folder, "holds no case files", "give a folder with NAME.json files")
    return ((path.relative_to(folder).with_suffix("").as_posix(), path) for path in paths)


def score_cases(
    folder: Path | str, recursive: bool = False, version: str = "2.2", device: str = "cpu"
) -> dict[str, Any]:
    """Score every case file of a folder, by a ``version`` of the metric, on a ``device``.

    Returns:
        ``{NAME: {"trajectories": [{"raw": {...}, "filtered": {...}}]}, "stamp": {...}}``, ready for JSON. ``raw`` is
        without the human-penalty filter, ``filtered`` with it; keys are the nine sub-scores, ``EPDMS_one`` (without EC)
        and ``EPDMS``. EC is None where there is no previous frame. Version 1.1 has no filter, and its keys are NC, DAC,
        DDC, EP, TTC, C and ``PDMS``.

    Raises:
        InputError: if a file cannot be read or judged; it is named.
    """
    scores: dict[str, Any] = {}
    for name, path in case_files(folder, recursive):
        scores[name] = {"trajectories": score_table(read_case(path), path, version, device)}
    split = Path(folder).resolve().name
    scores["stamp"] = stamp(scenes=len(scores), reference="pdm-closed", split=split, version=version)
    return scores


def score_table(
    case: Case, path: Path, version: str = "2.2", device: str = "cpu"
) -> list[dict[str, dict[str, float | None]]]:
    """``raw`` and ``filtered`` scores of each plan of a case; errors name its ``path``.

    Raises:
        InputError: if the case cannot be judged.
    """
    try:
        raw = case.score(version, device)
    except InputError as error:
        raise InputError(path, f"{error.where}: {error.what}", error.mend) from error
    kinds = {"raw": _rows(raw)}
    if raw.metric.filter != "none":
        kinds["filtered"] = _rows(raw.filtered())
    return [{kind: rows[n] for kind, rows in kinds.items()} for n in range(len(case.poses))]


def _rows(scores: SubScores) -> list[dict[str, float | None]]:
    if scores.metric.name == "PDMS":
        columns = {name: getattr(scores, name.lower())[0].tolist() for name in ("NC", "DAC", "DDC", "EP", "TTC")}
        columns |= {"C": scores.hc[0].tolist(), "PDMS": scores.epdms()[0].tolist()}
    else:
        columns = {name.upper(): getattr(scores, name)[0].tolist() for name in SUBSCORE_NAMES}
        columns["EC"] = [None if np.isnan(value) else value for value in columns["EC"]]
        columns["EPDMS_one"] = scores.epdms(with_ec=False)[0].tolist()
        columns["EPDMS"] = scores.epdms()[0].tolist()
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
