"""The report of a run: one page that holds everything it shows."""

import base64
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from irlvla.evaluation.birdseye import HUMAN, around, figure, plan_colours
from irlvla.evaluation.curves import panels_of, svg
from irlvla.scene import SUBSCORE_NAMES, Scene

COLUMNS = ("EPDMS", *(name.upper() for name in SUBSCORE_NAMES))

GLOSSARY = {
    "EPDMS": "extended predictive driver model score: NC x DAC x DDC x TLC, times the weighted mean of the other five",
    "NC": "no at-fault collision: 0 for hitting a road user, one half for hitting a thing",
    "DAC": "drivable area compliance: the whole car stays on drivable ground",
    "DDC": "driving direction compliance: one half, then 0, for metres driven off the route's lanes in a second",
    "TLC": "traffic light compliance: no red light is run",
    "EP": "ego progress along the route, as a share of what the reference manages",
    "TTC": "time to collision: at no instant would 0.9 s straight ahead hit anybody",
    "LK": "lane keeping: never off the centre line by more than half a metre for two seconds, intersections apart",
    "HC": "history comfort: accelerations, jerks and turning stay comfortable, the past second and a half included",
    "EC": "extended comfort: the plan moves like the one made half a second earlier",
}
"""What the columns mean, one line each."""

STAGES = {
    "imitation": "Imitation",
    "reward": "Reward world model",
    "reinforce": "Reinforcement",
}

LEAST_REACH, MOST_REACH = 18.0, 45.0


@dataclass(frozen=True)
class ReportScene:
    """A scene to show.

    Attributes:
        scene: what happened.
        images: ``[C, H, W, 3]`` of its cameras, or None to leave them out.
        plans: poses ``[T, 3]`` in the ego frame, by agent.
        scores: EPDMS (a fraction) of each plan, by agent.
    """

    scene: Scene
    images: NDArray[np.uint8] | None
    plans: dict[str, NDArray[np.float64]]
    scores: dict[str, float]


def write_report(
    folder: Path,
    results: Mapping[str, Any],
    scenes: Sequence[ReportScene],
    curves: Mapping[str, Sequence[Mapping[str, Any]]],
) -> Path:
    """Write ``folder/report.html``, which needs no other file and no network, and return its path.

    Args:
        folder: made if it is not there.
        results: "stamp", "seconds", "rows" (agent, scenes, fractions by sub-score and under "raw" the same unfiltered),
            "stages" (seconds by name), "command", "notes"; "two_stage" in rows and "closed_loop" where there are any.
        scenes: shown from above with all plans; those with images also by their cameras.
        curves: records of training by stage ("imitation", "reward", "reinforce").
    """
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("irlvla.evaluation"), autoescape=True, trim_blocks=True)
    environment.filters.update(score=score_text, duration=duration_text, value=value_text)
    page = environment.get_template("report.html").render(
        results=results,
        tables=[_table(results["rows"], raw) for raw in (False, True)],
        staged=[row for row in results["rows"] if "two_stage" in row],
        rides=results.get("closed_loop", []),
        columns=COLUMNS,
        colours=plan_colours(row["agent"] for row in results["rows"]),
        stamp=_flat(results["stamp"]),
        scenes=[_scene(shown) for shown in scenes],
        cameras=[cameras for shown in scenes if (cameras := _cameras(shown))],
        curves=_curves(curves),
        longest=max(results["stages"].values(), default=0.0),
        glossary=GLOSSARY,
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def score_text(value: float | None) -> str:
    """A fraction as a score of a hundred with one decimal; "n/a" where there is none."""
    return "n/a" if value is None or math.isnan(value) else f"{100 * value:.1f}"


def duration_text(seconds: float) -> str:
    """Seconds for people: "8.4 s", "12 min 05 s", "3 h 10 min"."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def value_text(value: Any) -> str:
    """An entry of the stamp for people."""
    return "n/a" if value is None else ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _table(rows: Sequence[Mapping[str, Any]], raw: bool) -> list[dict[str, Any]]:
    """Rows of one table; the best agent of each column, humans apart, is marked."""
    values = [{name: (row["raw"] if raw else row).get(name) for name in COLUMNS} for row in rows]
    others = [k for k, row in enumerate(rows) if row["agent"] != HUMAN]
    best = {name: max((score_text(values[k][name]) for k in others), key=_number, default="") for name in COLUMNS}
    return [
        {
            "agent": row["agent"],
            "scenes": row["scenes"],
            "values": cells,
            "best": {name for name in COLUMNS if k in others and score_text(cells[name]) == best[name] != "n/a"},
        }
        for k, (row, cells) in enumerate(zip(rows, values, strict=True))
    ]


def _number(text: str) -> float:
    return -1.0 if text == "n/a" else float(text)


def _flat(stamp: Mapping[str, Any]) -> dict[str, Any]:
    """The stamp's entries, those of nested ones under "outer inner"."""
    entries: dict[str, Any] = {}
    for key, value in stamp.items():
        entries |= {f"{key} {inner}": v for inner, v in value.items()} if isinstance(value, Mapping) else {key: value}
    return entries


def _scene(shown: ReportScene) -> dict[str, Any]:
    picture = io.BytesIO()
    figure(shown.scene, shown.plans, picture, _reach(shown))
    return {
        "token": shown.scene.token,
        "source": shown.scene.source,
        "command": shown.scene.command.name.lower(),
        "speed": float(shown.scene.history[-1, 3]),
        "picture": _embedded(picture),
        "scores": shown.scores,
    }


def _reach(shown: ReportScene) -> float:
    """Half of what a picture shows [m], so that the longest plan fits."""
    farthest = max((float(np.abs(poses[:, :2]).max()) for poses in shown.plans.values()), default=0.0)
    return min(max(farthest / 1.35, LEAST_REACH), MOST_REACH)


def _cameras(shown: ReportScene) -> dict[str, Any] | None:
    from matplotlib.image import imsave

    if shown.images is None:
        return None
    pictures = []
    places = around(list(shown.scene.cameras.names))
    for name, image in zip(shown.scene.cameras.names, shown.images, strict=True):
        file = io.BytesIO()
        imsave(file, np.ascontiguousarray(image), format="png")
        row, column = places[name]
        pictures.append({"name": name, "row": row + 1, "column": column + 1, "picture": _embedded(file)})
    return {"token": shown.scene.token, "pictures": pictures}


def _curves(curves: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    stages = []
    for stage, records in curves.items():
        panels = panels_of(stage, records)
        pictures = [{"title": panel.title, "svg": svg(panel, records, f"{stage} {panel.title}")} for panel in panels]
        if panels:
            stages.append({"title": STAGES.get(stage, stage), "updates": len(records), "panels": pictures})
    return stages


def _embedded(png: io.BytesIO) -> str:
    return "data:image/png;base64," + base64.b64encode(png.getvalue()).decode()
