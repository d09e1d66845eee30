import numpy as np
import pytest
import torch

from irlvla.errors import InputError
from irlvla.evaluation.agents import constant_velocity, human
from irlvla.evaluation.closed_loop import ClosedLoop, drive_closed_loop
from irlvla.scene import SUBSCORE_NAMES, CameraRig, SubScores

RIG = CameraRig.navsim(32, 18)


def ride(**told: float) -> dict[str, float]:
    return {"driven": 500.0, "success": 0, "progress": 0.5, "collisions": 0, "at_fault": 0, "off_road": 0, "lights": 0,
            **told}  # fmt: skip


class TestRow:
    scores = SubScores(
        **{name: torch.tensor([[1.0], [0.0]]) for name in SUBSCORE_NAMES},
        human=SubScores(**{name: torch.ones(2, 1) for name in SUBSCORE_NAMES}),
    )

    def test_rates_count_by_the_kilometres_of_all_rides_together(self):
        rides = ride(driven=1500.0, collisions=3, at_fault=1, lights=2), ride(driven=500.0, off_road=4)
        row = ClosedLoop("somebody", rides, self.scores).row()
        assert (row["agent"], row["episodes"], row["km"]) == ("somebody", 2, 2.0)
        rates = {name: row[f"{name}_per_km"] for name in ("collisions", "at_fault", "off_road", "lights")}
        assert rates == {"collisions": 1.5, "at_fault": 0.5, "off_road": 2.0, "lights": 1.0}

    def test_success_progress_comfort_and_score_are_means(self):
        row = ClosedLoop("somebody", (ride(success=1, progress=1.0), ride(progress=0.2)), self.scores).row()
        assert (row["success"], row["progress"]) == (0.5, pytest.approx(0.6))
        assert (row["comfort"], row["EPDMS"]) == (0.5, 0.5)

    def test_who_never_moved_has_rates_all_the_same(self):
        assert ClosedLoop("post", (ride(driven=0.0),), self.scores).row()["collisions_per_km"] == 0.0


@pytest.fixture(scope="module")
def driven() -> dict[str, ClosedLoop]:
    agents = {"human": human, "constant-velocity": constant_velocity}
    return {loop.agent: loop for loop in drive_closed_loop(agents, [5_009_001, 5_009_002], RIG, seconds=20.0)}


def test_every_agent_drives_every_seed_and_the_expert_drives_better(driven):
    assert list(driven) == ["human", "constant-velocity"]
    assert all(len(loop.rides) == 2 for loop in driven.values())
    expert, straight = (loop.row() for loop in driven.values())
    assert expert["progress"] > straight["progress"]
    assert expert["EPDMS"] > straight["EPDMS"]
    assert expert["at_fault_per_km"] == expert["off_road_per_km"] == 0.0


def test_extended_comfort_is_known_but_at_the_start_of_a_ride(driven):
    ec = driven["human"].scores.ec[:, 0]
    assert ec[:2].isnan().all()  # both towns, first step
    assert not ec[2:].isnan().any()


def test_the_same_seeds_give_the_same_rides(driven):
    again = drive_closed_loop({"constant-velocity": constant_velocity}, [5_009_001, 5_009_002], RIG, seconds=20.0)[0]
    assert again.row() == driven["constant-velocity"].row()


@pytest.mark.parametrize(
    ("rig", "seeds", "what"),
    [
        (CameraRig((), 32, 18, np.zeros((0, 3, 3)), np.zeros((0, 4, 4))), [5_009_001], "0 cameras"),
        (RIG, [-1], "-1"),
    ],
)
def test_what_cannot_be_driven_is_named(rig, seeds, what):
    with pytest.raises(InputError, match=what):
        drive_closed_loop({"constant-velocity": constant_velocity}, seeds, rig, seconds=5.0)
