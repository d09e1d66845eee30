"""What things, distances and speeds are called."""

import math

from irlvla.scene import ObjectKind
from irlvla.sources.language.objects import Ahead, Motion, Seen

_NAMES = {
    ObjectKind.VEHICLE: "car",
    ObjectKind.PEDESTRIAN: "pedestrian",
    ObjectKind.BICYCLE: "bicycle",
    ObjectKind.TRAFFIC_CONE: "traffic cone",
    ObjectKind.BARRIER: "barrier",
    ObjectKind.CZONE_SIGN: "construction sign",
    ObjectKind.GENERIC_OBJECT: "object",
}
_MOVES = {ObjectKind.VEHICLE: "driving", ObjectKind.PEDESTRIAN: "walking", ObjectKind.BICYCLE: "riding"}
_LARGE = 6.5  # a vehicle that is longer is no car [m]


def name(seen: Seen) -> str:
    """What it is."""
    return "large vehicle" if seen.kind == ObjectKind.VEHICLE and seen.length > _LARGE else _NAMES[seen.kind]


def a(noun: str) -> str:
    """The noun with its article."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def sentence(words: str) -> str:
    """The words with a capital and a full stop."""
    return f"{words[0].upper()}{words[1:]}."


def metres(value: float) -> str:
    """To the metre, halves up."""
    whole = math.floor(value + 0.5)
    return f"{whole} m" if whole else "less than 1 m"


def per_second(speed: float) -> str:
    """To the tenth."""
    return f"{speed:.1f} m/s"


def side(left: bool) -> str:
    """Left or right."""
    return "left" if left else "right"


def motion(seen: Seen) -> str:
    """What it does now, with a comma before it; nothing for things."""
    match seen.motion:
        case Motion.NONE:
            return ""
        case Motion.STANDING:
            return ", standing"
        case Motion.ALONG:
            return f", {_MOVES[seen.kind]} at {per_second(seen.speed)}"
        case Motion.TOWARDS:
            return f", coming towards you at {per_second(seen.speed)}"
        case _:
            origin = side(seen.motion is Motion.TO_RIGHT)
            return f", crossing from the {origin} at {per_second(seen.speed)}"


def on_path(ahead: Ahead) -> str:
    """What is on the path, how far along it, and what it does."""
    return f"{a(name(ahead.seen))}, {metres(ahead.distance)} ahead{motion(ahead.seen)}"


def where(seen: Seen) -> str:
    """What it is and where, straight ahead and to the side."""
    forth, aside = math.floor(seen.ahead + 0.5), math.floor(abs(seen.left) + 0.5)
    parts = []
    if forth:
        parts.append(f"{abs(forth)} m {'ahead' if forth > 0 else 'back'}")
    if aside:
        parts.append(f"{aside} m to the {side(seen.left > 0)}")
    return f"{a(name(seen))} {' and '.join(parts) or 'right before you'}"
