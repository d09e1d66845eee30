"""The commands. They parse, call the rooms, print; there is no logic here."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from irlvla import __version__
from irlvla.errors import InputError
from irlvla.tables import print_closed_loop, print_table

Json = Annotated[bool, tyro.conf.arg(name="json", help="Print one JSON object for machines.")]


def quickstart(
    source: str = "town",
    out: Path = Path("runs/quickstart"),
    held_out: tuple[str, ...] = (),
    seed: int = 0,
    device: str = "cpu",
    as_json: Json = False,
) -> int:
    """All three stages, small: scenes, imitation, reward world model, PPO, table and report.

    Takes about ten minutes on two cores; may be stopped at any time and goes on when called again.

    Args:
        source: "town" (the embedded world), "navsim" (the first thousand scenes of navtrain; see docs/navsim.md),
            "waymo-sample" (three recorded scenarios, downloaded once), or a folder of ScenarioNet pickles and
            Argoverse 2 logs.
        out: Folder of the run: scenes, checkpoints, curves, results.json, report.html.
        held_out: Recorded logs (or parts of their names) that are kept for the table; none - a quarter of the logs.
        seed: Seed of everything random.
        device: "cpu" or "cuda".
        as_json: Print one JSON object for machines.
    """
    from irlvla.quickstart import quickstart as run

    results = run(out, source, held_out, seed=seed, device=device)
    if as_json:
        print(json.dumps(results))
    else:
        print_table(results["rows"], results["stamp"])
        print_closed_loop(results["closed_loop"])
        for note in results["notes"]:
            print(note)
        print(f"{results['seconds'] / 60:.1f} minutes; report: {out / 'report.html'}")
    return 0


def data_import(
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


def data_import_navsim(
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
    from irlvla.evaluation_sets import cores
    from irlvla.sources.navsim import Places, import_split

    places = Places.of(data, maps, splits)
    report = import_split(split, out, places, pictures=not without_pictures, strict=strict, workers=workers or cores())
    print(json.dumps(report.to_dict()) if as_json else "\n".join(report.lines()))
    return 0 if report.whole else 1


def data_make(
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


def data_info(store: Annotated[Path, tyro.conf.Positional], tokens: bool = False, as_json: Json = False) -> int:
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


def data_verify(store: Annotated[Path, tyro.conf.Positional], as_json: Json = False) -> int:
    """Read a whole scene store against its checksums; status 1 if anything is wrong.

    Args:
        store: Its folder.
        as_json: Print one JSON object for machines.
    """
    from irlvla.scene import SceneStore

    faults = SceneStore(store).verify()
    print(json.dumps({"faults": faults}) if as_json else "\n".join(faults) or "sound")
    return 1 if faults else 0


def epdms_score(
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


def epdms_check(cases: Annotated[Path, tyro.conf.Positional], recursive: bool = False, device: str = "cpu") -> int:
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


def epdms_bench(
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


def evaluate(
    agent: str,
    source: str | None = None,
    split: str = "test",
    scenes: int | None = None,
    followers: int = 0,
    traffic: Literal["usual", "log-replay", "constant-velocity", "reactive-idm"] = "usual",
    without_pictures: bool = False,
    device: str = "cpu",
    workers: int | None = None,
    as_json: Json = False,
) -> int:
    """Judge one agent by EPDMS on held-out scenes.

    Splits of NAVSIM are found by OPENSCENE_DATA_ROOT, NUPLAN_MAPS_ROOT and NAVSIM_DEVKIT_ROOT.

    Args:
        agent: "human", "constant-velocity", a checkpoint, or a submission (.pkl), whoever made it.
        source: "town" (the default), "waymo-sample", a folder of recorded driving, a scene store, or "navsim".
        split: "test" or "train" of the town; "all" of recorded driving and stores; navtest, navhard_two_stage, ...
            of NAVSIM, which need no source.
        scenes: How many, in whole logs, followers not counted; 200 if nothing is said, all of a split of NAVSIM.
        followers: Second-stage starts for each pair of the town's scenes, for the two-stage score.
        traffic: What the other road users do; "usual" is what the benchmark's own scripts take: they react in
            NAVSIM's two-stage splits and replay elsewhere.
        without_pictures: Draw NAVSIM's scenes from their state, in place of their pictures.
        device: "cpu" or "cuda".
        workers: Processes that import or make scenes; all cores if nothing is said.
        as_json: Print one JSON object for machines.
    """
    from irlvla.evaluation.agents import agent_of, looks
    from irlvla.evaluation.benchmark import evaluate as judge
    from irlvla.evaluation_sets import cores, evaluation_set
    from irlvla.scene import CameraRig

    chosen = agent_of(agent, device)
    source = source or ("town" if split in ("train", "test") else "navsim")
    pictures = looks(agent) and not without_pictures
    found = evaluation_set(source, split, scenes, followers, pictures, workers or cores())
    among = found.traffic if traffic == "usual" else traffic
    judged = judge({agent: chosen}, found.scenes, CameraRig.navsim(160, 90), among)[0]
    row, stamp = judged.row(), judged.stamp(found.split)
    if as_json:
        print(json.dumps({**row, "stamp": stamp}))
    else:
        print_table([row], stamp)
    return 0


def submit(
    agent: str,
    split: str,
    out: Path = Path("submission.pkl"),
    team: str = "",
    authors: str = "",
    email: str = "",
    institution: str = "",
    country: str = "",
    data: Path | None = None,
    splits: Path | None = None,
    device: str = "cpu",
    as_json: Json = False,
) -> int:
    """Make a submission to NAVSIM's leaderboards and look it over as the server would; status 1 if it is not fit.

    Neither maps nor annotations are read, so that secret splits work as the others.

    Args:
        agent: "constant-velocity", a checkpoint, or a submission to be looked over and written anew.
        split: navhard_two_stage, warmup_two_stage, private_test_hard_two_stage, navtest, ...
        out: The file; the leaderboard wants it to be called submission.pkl.
        team: Name of the team or method, as the leaderboard shows it.
        authors: All of them.
        email: Of one of them.
        institution: Where they work.
        country: Country or region.
        data: The download; OPENSCENE_DATA_ROOT if nothing is said.
        splits: Folder of the split's YAML; that of the checkout NAVSIM_DEVKIT_ROOT if nothing is said.
        device: "cpu" or "cuda".
        as_json: Print one JSON object for machines.
    """
    from irlvla.evaluation.agents import agent_of, looks
    from irlvla.evaluation.submitting import submit as make
    from irlvla.scene import CameraRig
    from irlvla.sources import Team
    from irlvla.sources.navsim import Places

    places = Places.without_maps(data, splits)
    sender = Team(team, authors, email, institution, country)
    made = make(agent_of(agent, device), split, sender, out, places, CameraRig.navsim(160, 90), looks(agent))
    if as_json:
        print(json.dumps(made.findings.to_dict() | {"faults_of_reading": made.faults, "sound": made.sound}))
    else:
        print("\n".join(made.lines()))
    return 0 if made.sound else 1


def preflight(
    submission: Annotated[Path, tyro.conf.Positional], split: str, splits: Path | None = None, as_json: Json = False
) -> int:
    """Look a submission over, whoever made it, as the leaderboard's server would; status 1 if it is not fit.

    Args:
        submission: The file.
        split: It is meant for.
        splits: Folder of the split's YAML; that of the checkout NAVSIM_DEVKIT_ROOT if nothing is said.
        as_json: Print one JSON object for machines.
    """
    from irlvla.evaluation.preflight import preflight as look_over
    from irlvla.evaluation.submitting import expected_of
    from irlvla.sources.navsim.places import splits_folder

    found = look_over(submission, expected_of(split, splits_folder(splits)))
    print(json.dumps(found.to_dict()) if as_json else "\n".join(found.lines()))
    return 0 if found.sound else 1


def bench_town(scenes: int = 200, workers: int = 2, seconds: float = 10.0, as_json: Json = False) -> int:
    """Time the town: scenes made a second, and environment steps a second on one core with and without cameras.

    Args:
        scenes: How many scenes to make.
        workers: Processes that make them.
        seconds: How long the environment is stepped, each way.
        as_json: Print one JSON object for machines.
    """
    from irlvla.sources.town.bench import bench

    found = bench(scenes, workers, seconds)
    text = "\n".join(f"{name}: {value:.1f}" for name, value in found.items())
    print(json.dumps(found) if as_json else text)
    return 0


def bench_render(width: int = 256, height: int = 144, seconds: float = 3.0, as_json: Json = False) -> int:
    """Time the renderer on one core: pictures a second of a busy made-up scene, through NAVSIM's eight cameras.

    Args:
        width: Of a picture [pixels].
        height: Of a picture [pixels].
        seconds: How long to draw.
        as_json: Print one JSON object for machines.
    """
    from irlvla.sources.render.bench import bench

    found = bench(width, height, seconds)
    text = f"{found['images_per_s']:,.0f} images a second of {width} x {height}, {found['cameras']} cameras"
    print(json.dumps(found) if as_json else text)
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


def data() -> int:
    """Scene stores: import, make, info, verify."""
    return run(["data", "--help"])


def epdms() -> int:
    """The judge: score, check, bench."""
    return run(["epdms", "--help"])


def bench() -> int:
    """How fast it is: town, render."""
    return run(["bench", "--help"])


COMMANDS: dict[str, Any] = {
    "quickstart": quickstart, "data": data, "evaluate": evaluate, "submit": submit,
    "preflight": preflight, "epdms": epdms, "bench": bench, "doctor": doctor,
}  # fmt: skip
GROUPS: dict[str, dict[str, Any]] = {
    "bench": {"town": bench_town, "render": bench_render},
    "data": {"import": data_import, "make": data_make, "info": data_info, "verify": data_verify},
    "epdms": {"score": epdms_score, "check": epdms_check, "bench": epdms_bench},
}


def run(arguments: list[str]) -> int:
    """Parse and call one command; returns its exit status."""
    if arguments[:3] == ["data", "import", "navsim"]:  # it has a split and three places where other sources have one
        return int(tyro.cli(data_import_navsim, prog="irlvla data import navsim", args=arguments[3:]))
    group = arguments[0] if arguments and arguments[0] in GROUPS else None
    if group and len(arguments) > 1:
        status = tyro.extras.subcommand_cli_from_dict(GROUPS[group], prog=f"irlvla {group}", args=arguments[1:])
    else:
        status = tyro.extras.subcommand_cli_from_dict(COMMANDS, prog="irlvla", args=arguments)
    return int(status)


def main() -> None:
    """Entry point; exit status 0, 1 (it ran, the answer is bad) or 2 (it could not; one line says why)."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        print(f"irlvla {__version__}")
        return
    try:
        status = run(arguments)
    except InputError as error:
        print(f"irlvla: {error}", file=sys.stderr)
        status = 2
    except KeyboardInterrupt:
        print("irlvla: stopped; call it again to go on", file=sys.stderr)
        status = 130
    sys.exit(status)


if __name__ == "__main__":
    main()
