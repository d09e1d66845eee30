"""The made-up data set, written once for all tests here, and what is imported from it; who damages it takes a copy."""

from pathlib import Path

import pytest

from tests.sources.navsim.faults import copy_of
from tests.sources.navsim.imports import Imported, imported
from tests.sources.navsim.made_up import MadeUp, write_made_up


@pytest.fixture(scope="session")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> MadeUp:
    """Not to be changed."""
    return write_made_up(tmp_path_factory.mktemp("navsim"))


@pytest.fixture
def damageable(made_up: MadeUp, tmp_path: Path) -> MadeUp:
    """A copy for :mod:`tests.sources.navsim.faults`."""
    return copy_of(made_up, tmp_path)


@pytest.fixture(scope="session")
def navtrain(made_up: MadeUp, tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """Two logs in one city; neither the store nor what its report names is to be changed."""
    return imported(made_up, "navtrain", tmp_path_factory.mktemp("navtrain"))


@pytest.fixture(scope="session")
def navtest(made_up: MadeUp, tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """One log in another city."""
    return imported(made_up, "navtest", tmp_path_factory.mktemp("navtest"))


@pytest.fixture(scope="session")
def navhard(made_up: MadeUp, tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """Both stages, in the city of navtest."""
    return imported(made_up, "navhard_two_stage", tmp_path_factory.mktemp("navhard"))
