"""Speed of the judge, as the table in docs/epdms.md. Usage: python benchmarks/epdms.py [--out FILE] CASE...

Each CASE is a case file; without any, the made-up crossing of the package is timed. Run it on a quiet machine.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from irlvla.epdms import bench, read_case, stamp
from irlvla.scene.store import write_atomically


def main() -> None:
    """Time the judge on the cases named, print the table, and keep the figures with ``--out``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", type=Path)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--proposals", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    found = bench([read_case(case) for case in given.cases], given.proposals, given.device, given.seconds)
    print("\n".join(table(found)))
    if given.out:
        command = " ".join(["python", *sys.argv])
        content = {"command": command, "stamp": stamp(len(found["ms_alone"]), "pdm-closed", "benchmark"), **found}
        write_atomically(given.out, json.dumps(content, indent=1).encode())


def table(found: dict[str, Any]) -> list[str]:
    """The figures as rows of Markdown: scenes, then parts."""
    rows = ["| scene | ms a trajectory | one alone, ms | human filter | prepare once, ms |", "|---|---|---|---|---|"]
    for name, spent in found["ms_per_trajectory"].items():
        alone, share, prepare = (found[key][name] for key in ("ms_alone", "filter_share", "ms_prepare"))
        rows.append(f"| {name} | {spent:.4f} | {alone:.3f} | +{100 * share:.1f} % | {prepare:.1f} |")
    rows += ["", f"{found['trajectories_per_s']:,.0f} trajectories a second ({found['scenes']} scenes at once)", ""]
    rows += ["| part | microseconds | floor | times the floor |", "|---|---|---|---|"]
    rows += [
        f"| {part} | {times['us']:.2f} | {times['floor_us']:.2f} | {times['times_floor']:.1f} |"
        for part, times in found["parts"].items()
    ]
    return rows


if __name__ == "__main__":
    main()
