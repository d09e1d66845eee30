"""Agents: train small ones, judge any, submit their plans."""

import json
from pathlib import Path
from typing import Annotated, Literal

import tyro

from irlvla.commands.options import Json, cores
from irlvla.tables import print_closed_loop, print_table


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
    from irlvla.evaluation.agents import PICTURE, agent_of, looks
    from irlvla.evaluation.benchmark import evaluate as judge
    from irlvla.evaluation_sets import evaluation_set
    from irlvla.scene import CameraRig

    chosen = agent_of(agent, device)
    source = source or ("town" if split in ("train", "test") else "navsim")
    pictures = looks(agent) and not without_pictures
    found = evaluation_set(source, split, scenes, followers, pictures, workers or cores())
    among = found.traffic if traffic == "usual" else traffic
    judged = judge({agent: chosen}, found.scenes, CameraRig.navsim(*PICTURE), among)[0]
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
    from irlvla.evaluation.agents import PICTURE, agent_of, looks
    from irlvla.evaluation.submitting import submit as make
    from irlvla.scene import CameraRig
    from irlvla.sources import Team
    from irlvla.sources.navsim import Places

    places = Places.without_maps(data, splits)
    sender = Team(team, authors, email, institution, country)
    made = make(agent_of(agent, device), split, sender, out, places, CameraRig.navsim(*PICTURE), looks(agent))
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
