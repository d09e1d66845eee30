"""Options that commands share."""

import os
from typing import Annotated

import tyro

Json = Annotated[bool, tyro.conf.arg(name="json", help="Print one JSON object for machines.")]


def cores() -> int:
    """How many processes this machine can run at once."""
    return os.cpu_count() or 1
