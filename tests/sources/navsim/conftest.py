"""The made-up data set, written once for all tests here; tests that damage it take a copy."""

from pathlib import Path

import pytest

from tests.sources.navsim.faults import copy_of
from tests.sources.navsim.made_up import MadeUp, write_made_up


@pytest.fixture(scope="session")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> MadeUp:
    """Not to be changed."""
    return write_made_up(tmp_path_factory.mktemp("navsim"))


@pytest.fixture
def damageable(made_up: MadeUp, tmp_path: Path) -> MadeUp:
    """A copy for :mod:`tests.sources.navsim.faults`."""
    return copy_of(made_up, tmp_path)
