"""Results as tables for people, in a terminal: scores of a hundred."""

from typing import Any

from rich.console import Console
from rich.table import Table

SUBSCORES = ("NC", "DAC", "DDC", "TLC", "EP", "TTC", "LK", "HC", "EC", "EPDMS")


def hundred(score: float | None) -> str:
    """A fraction as a score of a hundred; "n/a" where there is none."""
    return "n/a" if score is None else f"{100 * score:.1f}"


def print_table(rows: list[dict[str, Any]], stamp: dict[str, Any]) -> None:
    """Scores of a hundred for people: filtered, then unfiltered, under the stamp."""
    console = Console(width=132)
    for title, part in (("with human filter", None), ("without filter", "raw")):
        table = Table(title=f"EPDMS {title}")
        table.add_column("agent")
        table.add_column("scenes", justify="right")
        staged = part is None and any("two_stage" in row for row in rows)
        for name in (*SUBSCORES, *(["two stages"] if staged else [])):
            table.add_column(name, justify="right")
        for row in rows:
            scores = row[part] if part else row
            both = [hundred(row["two_stage"]["EPDMS"])] if staged else []
            table.add_row(row["agent"], str(row["scenes"]), *(hundred(scores[name]) for name in SUBSCORES), *both)
        console.print(table)
    print(f"EC is known in {rows[0]['scenes_with_ec']} of {rows[0]['scenes']} scenes; elsewhere EPDMS drops its weight")
    print(", ".join(f"{key}={value}" for key, value in stamp.items()))


def print_closed_loop(rows: list[dict[str, Any]]) -> None:
    """Rides in closed loop for people; nothing where there were none."""
    if not rows:
        return
    table = Table(title="closed loop")
    table.add_column("agent")
    shares, rates = ("success", "progress", "comfort", "EPDMS"), ("at_fault_per_km", "off_road_per_km", "lights_per_km")
    for name in ("episodes", *shares, *rates):
        table.add_column(name.replace("_per_km", " / km").replace("_", " "), justify="right")
    for row in rows:
        text = [str(row["episodes"]), *(hundred(row[name]) for name in shares), *(f"{row[name]:.2f}" for name in rates)]
        table.add_row(row["agent"], *text)
    Console(width=132).print(table)
