"""Fixtures shared by all rooms."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """Recorded driving and the official scorer's answers, which lie beside a developer's checkout and in no release."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not (folder / "epdms_cases").is_dir():
        pytest.skip("the folder ../shared (recorded driving, official answers) is not here")
    return folder
