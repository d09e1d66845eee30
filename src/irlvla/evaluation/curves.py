"""Learning curves as small vector pictures that take the colour of the text around them."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 120
"""Longer records are averaged into so many points; a band shows the spread."""

INK = "#010203"  # stands for the colour of the page's text until the picture is written
COLOURS = ("#0a84c6", "#d9632a", "#009a6e", "#8f5fd0", "#c98a00", "#c2568f", "#5d7f99", "#7a8b2a", "#d6365b")


@dataclass(frozen=True)
class Panel:
    """One small picture: quantities that are read together, under the name of each."""

    title: str
    names: Mapping[str, str]


GAPS = {f"audit_gap_{name}": name.upper() for name in ("nc", "dac", "ddc", "tlc", "ep", "ttc", "lk", "hc", "ec")}
PANELS = {
    "imitation": (
        Panel("Loss", {"loss": "total"}),
        Panel("Plans", {"regression": "regression", "classification": "choice of anchor"}),
        Panel("Perception heads", {"auxiliary": "auxiliary loss"}),
    ),
    "reward": (
        Panel("Loss", {"loss": "total", "reward": "sub-scores"}),
        Panel("Perception heads", {"auxiliary": "auxiliary loss"}),
    ),
    "reinforce": (
        Panel("Score of the chosen plans", {"reward": "learned reward", "audit_learned": "audit, learned",
                                            "audit_exact": "audit, exact judge"}),
        Panel("Distance from stage 1", {"kl_stage1": "KL divergence"}),
        Panel("PPO", {"actor": "actor", "critic": "critic", "selection": "selection"}),
        Panel("Size of an update", {"clipfrac": "share clipped", "approx_kl": "KL of the update"}),
        Panel("Learned minus exact", GAPS),
    ),
}  # fmt: skip
"""What is shown of the known stages; of any other stage each quantity gets a picture of its own."""


def panels_of(stage: str, records: Sequence[Mapping[str, Any]]) -> list[Panel]:
    """The pictures of a stage, without quantities that no record has; empty without records."""
    known = {key for record in records for key, value in record.items() if isinstance(value, int | float)} - {"step"}
    wanted = PANELS.get(stage) or [Panel(key, {key: key}) for key in sorted(known)]
    found = [Panel(p.title, {key: label for key, label in p.names.items() if key in known}) for p in wanted]
    return [panel for panel in found if panel.names]


def svg(panel: Panel, records: Sequence[Mapping[str, Any]], name: str) -> str:
    """The picture as an ``<svg>`` element, its ink being ``currentColor``; ``name`` keeps ids apart on one page."""
    import matplotlib
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2, 2.5), layout="constrained")
    axes = figure.subplots()
    for (key, label), colour in zip(panel.names.items(), COLOURS, strict=False):
        steps, mean, low, high = binned(records, key)
        marker = {"marker": "o", "markersize": 3.5} if len(steps) <= BINS // 4 else {}
        axes.fill_between(steps, low, high, color=colour, alpha=0.16, linewidth=0)
        axes.plot(steps, mean, color=colour, linewidth=1.6, label=label, **marker)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[:].set_color(INK)
    axes.spines[:].set_alpha(0.4)
    axes.tick_params(color=INK, labelcolor=INK, labelsize=8.5, length=3)
    axes.grid(axis="y", color=INK, alpha=0.12, linewidth=0.7)
    axes.margins(x=0.01)
    axes.set_xlabel("update", color=INK, fontsize=8.5)
    if len(panel.names) > 1:
        style = {"frameon": False, "fontsize": 8.5, "labelcolor": INK, "handlelength": 1.2, "columnspacing": 1.2}
        figure.legend(loc="outside upper left", ncols=3 if len(panel.names) < 6 else 5, **style)
    text = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "font.family": "sans-serif"}):
        figure.savefig(
            text, format="svg", transparent=True, metadata=dict.fromkeys(("Creator", "Date", "Format", "Type"))
        )
    picture = text.getvalue()
    return picture[picture.index("<svg") :].replace(INK, "currentColor")


def binned(
    records: Sequence[Mapping[str, Any]], key: str
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Steps, means, least and greatest values ``[n]`` of a quantity in at most ``BINS`` bins, NaN left out."""
    pairs = [(k if record.get("step") is None else record["step"], record[key])
             for k, record in enumerate(records) if record.get(key) is not None]  # fmt: skip
    values = np.array(pairs, np.float64).reshape(-1, 2)
    values = values[np.isfinite(values).all(1)]
    parts = [part for part in np.array_split(values, min(BINS, max(len(values), 1))) if len(part)]
    columns = [(part[:, 0].mean(), part[:, 1].mean(), part[:, 1].min(), part[:, 1].max()) for part in parts]
    steps, mean, low, high = np.array(columns, np.float64).reshape(-1, 4).T
    return steps, mean, low, high
