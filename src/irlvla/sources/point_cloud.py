"""Point clouds in binary PCD files, as NAVSIM has them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from irlvla.errors import InputError

FIELDS = ("x", "y", "z", "intensity", "ring", "lidar_info")
"""Rows of a point cloud: metres in the ego frame, then the strength of the echo, the ring, and the sensor's number."""

_KINDS = {"F": "f", "I": "i", "U": "u"}
_AGAIN = "download it again"


def read_points(file: Path | str) -> NDArray[np.float32]:
    """The points ``[6, n]`` of a binary PCD file, rows as ``FIELDS``; 0 in rows that the file has not.

    Raises:
        InputError: if the file is missing, cut off, no PCD, or not in binary form.
    """
    file = Path(file)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(file, f"cannot be read ({error.strerror})", "download the sensor data of its log") from None
    head, begin = _head(file, content)
    try:
        columns = zip(head["FIELDS"], head["TYPE"], head["SIZE"], head["COUNT"], strict=True)
        row = np.dtype(
            [(name, f"<{_KINDS[kind]}{size}", (int(n),) if n != "1" else ()) for name, kind, size, n in columns]
        )
        count, form = int(head["POINTS"][0]), head["DATA"][0]
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise InputError(file, f"has a damaged head ({error!r})", _AGAIN) from None
    if form != "binary":
        raise InputError(file, f"holds {form} data", "give binary PCD files, as NAVSIM's are")
    if len(content) - begin < count * row.itemsize or not {"x", "y", "z"} <= set(row.names or ()):
        raise InputError(file, f"is cut off, or has no x, y, z: {count} points of {row.names}", _AGAIN)
    points = np.frombuffer(content, row, count, begin)
    return np.stack([points[name] if name in (row.names or ()) else np.zeros(count) for name in FIELDS]).astype(
        np.float32
    )


def _head(file: Path, content: bytes) -> tuple[dict[str, list[str]], int]:
    """The words of each line of the head, by its first word, and where the points begin."""
    head: dict[str, list[str]] = {}
    begin = 0
    while "DATA" not in head:
        end = content.find(b"\n", begin)
        if end < 0 or end - begin > 1000:
            raise InputError(file, "is no PCD file", _AGAIN)
        words = content[begin:end].decode("latin1").split()
        if words and not words[0].startswith("#"):
            head[words[0].upper()] = words[1:]
        begin = end + 1
    return head, begin
