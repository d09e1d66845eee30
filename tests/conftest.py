"""Fixtures shared by all rooms."""

import os
from pathlib import Path

import pytest

# Tests train networks of a few thousand numbers; where cores are few and busy, threads would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Recorded driving and the official scorer's answers, which lie beside a developer's checkout and in no release."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not (folder / "epdms_cases").is_dir():
        pytest.skip("the folder ../shared (recorded driving, official answers) is not here")
    return folder
