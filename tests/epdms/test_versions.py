"""The versions of the metric against the answers of the benchmark's tags."""

import json
from pathlib import Path

import pytest

from irlvla.epdms import read_case
from irlvla.epdms.cases import score_table
from irlvla.epdms.versions import cut_gap, rounded_gap, version_of
from irlvla.errors import InputError
from tests.epdms.test_golden import GOLDEN

ANSWERS = Path(__file__).parent / "answers"
TAGS = {"2.1": "v2.1.2", "2.0": "v2.0", "1.1": "v1.1"}


def answers_of(version, section):
    return json.loads((ANSWERS / f"{TAGS[version]}.json").read_text())[section]


def differences(folder, version, section):
    """Every score that is not the tag's."""
    found = []
    for name, answer in answers_of(version, section).items():
        path = folder / f"{name}.json"
        ours = score_table(read_case(path), path, version)
        for n, (mine, official) in enumerate(zip(ours, answer["trajectories"], strict=True)):
            assert mine.keys() == official.keys()
            for kind in mine:
                assert mine[kind].keys() == official[kind].keys()
                for key, value in official[kind].items():
                    own, close = mine[kind][key], 1e-6 if key in ("EP", "EPDMS", "EPDMS_one", "PDMS") else 0.0
                    if (value is None) != (own is None) or abs((own or 0) - (value or 0)) > close:
                        found.append((name, n, kind, key, own, value))
    return found


@pytest.mark.parametrize("version", TAGS)
def test_golden_scenes_score_as_the_tag_does(version):
    assert differences(GOLDEN, version, "golden") == []


@pytest.mark.parametrize("version", TAGS)
def test_all_cases_score_as_the_tag_does(version, shared):
    assert differences(shared / "epdms_cases", version, "cases") == []


def test_gaps_are_rounded_or_cut():
    assert (rounded_gap(1_500_000, 1_000_000), cut_gap(1_500_000, 1_000_400)) == (5, 4)


def test_an_unknown_version_is_refused():
    with pytest.raises(InputError, match=r"'3\.0' is not known"):
        version_of("3.0")
