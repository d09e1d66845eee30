"""Submissions to NAVSIM's leaderboards: an agent's plans of a split's scenes, looked at before they are sent."""

from dataclasses import dataclass
from pathlib import Path

from irlvla.errors import InputError
from irlvla.evaluation.agents import Agent
from irlvla.evaluation.benchmark import planned
from irlvla.evaluation.preflight import Expected, Findings, preflight
from irlvla.scene import CameraRig, Trajectory
from irlvla.sources import Submission, Team, write_submission
from irlvla.sources.navsim import Places, read_split, sights_of


@dataclass(frozen=True)
class Submitted:
    """What came of making a submission.

    Attributes:
        findings: what a look at the written file gave.
        faults: why scenes have no plan, by file or scene.
    """

    findings: Findings
    faults: dict[str, str]

    @property
    def sound(self) -> bool:
        """Whether the file can be sent."""
        return self.findings.sound and not self.faults

    def lines(self) -> list[str]:
        """For people."""
        return [*(f"FAULT {what}" for what in self.faults.values()), *self.findings.lines()]


def expected_of(split: str, splits: Path) -> Expected:
    """What a split asks plans for; ``splits`` is the folder of the splits' YAML files.

    Raises:
        InputError: if the split cannot be read or names no scenes.
    """
    asked = read_split(split, splits)
    if asked.tokens is None:
        raise InputError(f"split {split!r}", "names no scenes", "take one that lists its tokens")
    return Expected(asked.tokens, asked.second_stage, asked.pairs)


def submit(agent: Agent, split: str, team: Team, out: Path, places: Places, rig: CameraRig, looks: bool) -> Submitted:
    """Plan every scene of a split and write the submission; maps and annotations are not read.

    Args:
        agent: who plans.
        split: of NAVSIM, the secret ones too.
        team: who sends it.
        out: the file, which the leaderboard wants to be called ``submission.pkl``.
        places: of the download.
        rig: through which the scenes are seen.
        looks: whether the agent needs pictures.

    Raises:
        InputError: if the split cannot be read, or none of its scenes.
    """
    expected = expected_of(split, places.splits)
    sights, faults = sights_of(read_split(split, places.splits), places, pictures=looks)
    if not sights:
        raise InputError(f"split {split!r}", next(iter(faults.values()), "none of its scenes is there"), "download it")
    plans: dict[str, Trajectory] = {}
    for chunk, poses in planned({"agent": agent}, list(sights.values()), rig):
        plans |= {s.token: Trajectory(p.numpy()) for s, p in zip(chunk, poses["agent"], strict=True)}
    stages = (
        {token: plans[token] for token in sorted(tokens) if token in plans}
        for tokens in (expected.first_stage, expected.second_stage)
    )
    write_submission(out, Submission(team, *stages))
    return Submitted(preflight(out, expected), faults)
