"""The judge: score, compare, time it; is this machine fit?"""

import json
from pathlib import Path
from typing import Annotated, Literal

import tyro

from irlvla.commands.options import Json


def score(
    cases: Annotated[Path, tyro.conf.Positional],
    out: Path,
    recursive: bool = False,
    version: Literal["2.2", "2.1", "2.0", "1.1"] = "2.2",
    device: str = "cpu",
) -> int:
    """Score the trajectories of a folder of case files, with and without the human-penalty filter.

    Args:
        cases: Folder of NAME.json files.
        out: The scores, JSON.
        recursive: Look into subfolders too.
        version: Of the metric; 1.1 is PDMS.
        device: "cpu" or "cuda".
    """
    from irlvla.epdms import assert_fit, score_cases
    from irlvla.scene.store import write_atomically

    assert_fit(device)
    scores = score_cases(cases, recursive, version, device)
    write_atomically(out, json.dumps(scores, indent=1).encode())
    print(f"{len(scores) - 1} scenes scored: {out}")
    return 0


def check(cases: Annotated[Path, tyro.conf.Positional], recursive: bool = False, device: str = "cpu") -> int:
    """Compare our scores of case files with the answers beside them; status 1 if any differs.

    Args:
        cases: Folder of NAME.json and NAME.answer.json files.
        recursive: Look into subfolders too.
        device: "cpu" or "cuda".
    """
    from irlvla.epdms import check_cases

    report = check_cases(cases, recursive, device)
    print("\n".join(report.lines()))
    return 1 if report.differences else 0


def bench(
    cases: Annotated[tuple[Path, ...], tyro.conf.Positional] = (),
    proposals: int = 256,
    device: str = "cpu",
    seconds: float = 1.0,
    as_json: Json = False,
) -> int:
    """Time the judge: milliseconds a trajectory, trajectories a second, and where the time goes.

    Args:
        cases: Case files to time it on; none - a made-up busy crossing.
        proposals: Plans judged at once in each scene.
        device: "cpu" (one core, then all of torch's threads) or "cuda".
        seconds: How long each measurement lasts.
        as_json: Print one JSON object for machines.
    """
    from irlvla.epdms import bench, read_case

    found = bench([read_case(case) for case in cases], proposals, device, seconds)
    if as_json:
        print(json.dumps(found))
        return 0
    for name, spent in found["ms_per_trajectory"].items():
        print(f"{name}: {spent:.4f} ms a trajectory with {proposals} at once, {found['ms_alone'][name]:.3f} ms alone, "
              f"human filter +{100 * found['filter_share'][name]:.1f} %, "
              f"{found['ms_prepare'][name]:.1f} ms to prepare the scene once")  # fmt: skip
    place = "all cores" if device == "cpu" else device
    print(f"{found['trajectories_per_s']:,.0f} trajectories a second: {found['scenes']} scenes at once, {place}")
    print(f"parts on one core ({next(iter(found['ms_per_trajectory']))}), microseconds a trajectory and the floor:")
    for part, times in found["parts"].items():
        print(f"  {part:12} {times['us']:7.2f}  {times['floor_us']:6.2f}  {times['times_floor']:5.1f} x")
    return 0


def doctor(device: str = "cpu", as_json: Json = False) -> int:
    """Is this machine fit to score? Versions, linear algebra, golden scenes; status 1 if anything is wrong.

    Args:
        device: Where the golden scenes are judged, "cpu" or "cuda".
        as_json: Print one JSON object for machines.
    """
    from dataclasses import asdict

    from irlvla.epdms import examine

    findings = examine(device)
    sound = all(finding.sound for finding in findings)
    if as_json:
        print(json.dumps({"sound": sound, "findings": [asdict(finding) for finding in findings]}))
    else:
        print("\n".join(map(str, findings)))
    return 0 if sound else 1
