from typing import Any

import pytest

from irlvla.errors import InputError
from irlvla.sources.town.build import build_town
from irlvla.sources.town.settings import RoadSettings, least_spacing


@pytest.mark.parametrize(
    "wrong",
    [
        {"rows": (0, 0)},
        {"columns": (0, 3)},
        {"rows": (3, 2)},
        {"rows": (1.5, 2)},
        {"columns": (2, 9)},
        {"rows": (2, 2, 2)},
        {"spacing": (-5.0, 100.0)},
        {"spacing": (float("nan"), 100.0)},
        {"spacing": (109.0, 160.0)},
        {"spacing": (120.0, 2000.0)},
        {"most_lanes": 0},
        {"most_lanes": 4},
        {"limits": ()},
        {"limits": (8.3, -1.0)},
        {"lights": 1.2},
        {"roundabouts": -0.1},
        {"dropped": float("nan")},
        {"curviness": 2.0},
        {"jitter": 0.2},
    ],
)
def test_impossible_settings_are_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"road settings, {next(iter(wrong))}"):
        RoadSettings(**wrong)


@pytest.mark.parametrize("seed", [-1, 1.0, "7", None, True])
def test_a_seed_is_a_whole_number_from_0(seed: Any) -> None:
    with pytest.raises(InputError, match="town seed"):
        build_town(seed)


@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_the_least_spacing_is_enough(lanes: int) -> None:
    least = least_spacing(lanes)
    tight = RoadSettings(spacing=(least, least), most_lanes=lanes, curviness=1.0, roundabouts=0.5, jitter=0.1)
    for seed in range(4):
        assert len(build_town(seed, tight).lanes)
    with pytest.raises(InputError, match="spacing"):
        RoadSettings(spacing=(least - 1, least), most_lanes=lanes)


def test_a_single_junction_is_a_town() -> None:
    for seed in range(5):
        town = build_town(seed, RoadSettings(rows=(1, 1), columns=(1, 1)))
        assert town.lanes.connector.any()
