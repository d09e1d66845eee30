"""Drives: the command that a recorded future answers to, and who may be the ego."""

import numpy as np
import pytest

from irlvla.scene import Command
from irlvla.sources.drives import Drive
from irlvla.sources.motion import Motion
from irlvla.sources.polylines import headings


def drive(path, lanes=None):
    """A drive along ``path [T, 2]``."""
    poses = np.column_stack([path, headings(path)])
    flat = np.zeros((len(path), 2))
    motion = Motion(0, 0, poses, flat, flat, np.zeros(len(path)))
    return Drive(motion, tuple(lanes or ["a"] * len(path)), ("a",), path)


def arc(length, radius, count=2000):
    """A left turn that begins to the north."""
    turned = np.linspace(0, length / radius, count)
    return np.column_stack([500 + radius * (np.cos(turned) - 1), 100 + radius * np.sin(turned)])


@pytest.mark.parametrize(
    ("path", "command"),
    [
        (arc(60, 20), Command.LEFT),
        (arc(60, 20) * [-1, 1], Command.RIGHT),
        (arc(60, 1000), Command.STRAIGHT),
        (arc(60, 98), Command.LEFT),  # 2.03 m after 20 m
        (arc(60, 102), Command.STRAIGHT),  # 1.95 m
        (arc(8, 20), Command.LEFT),  # 1.6 m after 8 m, but turned by 0.4 rad
        (arc(8, 200), Command.STRAIGHT),
        (arc(1.9, 3), Command.UNKNOWN),
    ],
)
def test_command(path, command):
    assert drive(path).command(0) == command


def test_the_command_looks_ahead_only():
    turn = arc(30, 20, 60)
    onward = turn[-1] + np.linspace(1, 60, 60)[:, None] * np.array([-np.sin(1.5), np.cos(1.5)])
    both = drive(np.concatenate([turn, onward]))
    assert both.command(0) == Command.LEFT
    assert both.command(62) == Command.STRAIGHT


def test_is_on_map():
    on, off = ["a"] * 21, [None] * 21
    path = arc(60, 20, 42)
    assert drive(path, on).is_on_map(0)
    assert drive(path, on[:17] + off[:4]).is_on_map(0)
    assert not drive(path, on[:14] + off[:7]).is_on_map(0), "off for a third of the time"
    assert not drive(path, off[:1] + on[:20]).is_on_map(0), "off now"
