"""What to do in a situation, and why: the human's meta-action with a reason that is really there."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

from irlvla.scene import STANDING, PathAction, SignalState, SpeedAction
from irlvla.sources.language.objects import Ahead, Motion
from irlvla.sources.language.route import Bend
from irlvla.sources.language.situation import Situation
from irlvla.sources.language.words import a, metres, name, per_second, side

_LEFT = (PathAction.LEFT_TURN, PathAction.LEFT_CHANGE)
_TURNS = (PathAction.LEFT_TURN, PathAction.RIGHT_TURN)
_CHANGES = (PathAction.LEFT_CHANGE, PathAction.RIGHT_CHANGE)

_SLACK = 0.5  # speeds that differ less are the same [m/s]
_ABOUT = 1.5  # and so are these, said of a speed that is kept [m/s]
_SIDEWAYS = 2.0  # acceleration that is pleasant in a bend [m/s²]
_GAP = 2.0  # kept to what one stops behind [m]
_FELT = 0.3  # who has to brake less does not yet [m/s²]
_SLOWEST = 3.0  # speed from which braking is reckoned at least [m/s]
_REACTION = 1.0  # seconds that something must be away to be called far
_CLOSE, _NEAR = 4.0, 15.0  # seconds, but at least metres, to a lead that sets the ego's speed, or to a junction
_ON_LINE = 1.0  # who ends up so near to the centre line has followed it [m]


@dataclass(frozen=True)
class Hindrance:
    """Something that asks for a speed at a place.

    Attributes:
        why: as a clause.
        what: as a noun, to say that it is still far.
        distance: along the route from the bumper [m].
        speed: to have there [m/s].
        clears: the clause that it will be out of the way in time, empty if it will not.
    """

    why: str
    what: str
    distance: float
    speed: float
    clears: str = ""

    def braking(self, now: float) -> float:
        """Deceleration that it asks of who drives at ``now`` [m/s²]."""
        return (max(now, _SLOWEST) ** 2 - self.speed**2) / (2 * max(self.distance - _GAP, 1.0))


def decision(situation: Situation, speed: SpeedAction, path: PathAction) -> str:
    """A sentence: the meta-action, and the reason for it if one is in sight.

    The reason for less speed is what asks for the strongest braking, or else the junction; that for the same or more is
    the lead that sets it, or that what is in the way is still far or will be gone, or that nothing is. Who moves over
    passes something, or its route leads there.
    """
    if speed is SpeedAction.STOP:
        why = _why_slower(situation, stop=True)
    elif speed is SpeedAction.DECELERATE:
        why = _why_slower(situation, stop=False) or _why_aside(situation, path)
    else:
        why = _why_aside(situation, path) or _why_not_slower(situation, speed is SpeedAction.ACCELERATE, path)
    return f"{_doing(situation, speed, path)}{why}."


def _doing(situation: Situation, speed: SpeedAction, path: PathAction) -> str:
    standing = situation.speed < STANDING
    words = {
        SpeedAction.KEEP: "Creep forward" if standing else "Keep your speed",
        SpeedAction.ACCELERATE: "Drive off" if standing else "Speed up",
        SpeedAction.DECELERATE: "Slow down",
        SpeedAction.STOP: "Stay where you are" if standing else "Slow down and stop",
    }[speed]
    if speed is not SpeedAction.STOP:
        return f"{words} and {_way(situation, path)}"
    return words if standing or path is PathAction.STRAIGHT else f"{words} as you {_way(situation, path)}"


def _way(situation: Situation, path: PathAction) -> str:
    if path is PathAction.STRAIGHT:
        return "go straight on"
    left = path in _LEFT
    if bend := _followed(situation, path):
        return f"turn {side(left)}" if bend.turn else f"follow the bend to the {side(left)}"
    return f"{'move over' if path in _CHANGES else 'steer'} to the {side(left)}"


def _followed(situation: Situation, path: PathAction) -> Bend | None:
    """The bend of the route to that side that the human gets to; who ends up beside its lane may only follow one."""
    bend, reached = situation.bend, situation.reached
    if bend is None or reached is None or path is PathAction.STRAIGHT or bend.left != (path in _LEFT):
        return None
    return bend if bend.distance < reached and (path in _TURNS or _on_line(situation)) else None


def _on_line(situation: Situation) -> bool:
    return situation.aside is not None and abs(situation.aside) < _ON_LINE


def _why_aside(situation: Situation, path: PathAction) -> str:
    """Why one moves over, where a reason is in sight: a lead on the other side, or the route."""
    lead = situation.lead
    if path not in _CHANGES or _followed(situation, path):
        return ""
    if _on_line(situation):
        return ", because your route leads there"
    if lead is None or not _passed(situation):
        return ""
    other_side = lead.seen.left < _SLACK if path in _LEFT else lead.seen.left > -_SLACK
    return f" to pass {_the(lead)}" if other_side else ""


def _why_slower(situation: Situation, stop: bool) -> str:
    present = list(_hindrances(situation))
    asking = [h for h in present if h.braking(situation.speed) > _FELT]
    if stop:
        asking = [h for h in present if h.speed <= STANDING] or asking or present
    if asking:
        return f", because {max(asking, key=lambda h: h.braking(situation.speed)).why}"
    junction, near = situation.junction, max(_CLOSE * situation.speed, _NEAR)
    return f", because a junction begins {metres(junction)} ahead" if junction is not None and junction < near else ""


def _why_not_slower(situation: Situation, faster: bool, path: PathAction) -> str:
    why = _allowing(situation, faster, bends=path not in _TURNS)
    return f", because {why}" if why else ""


def _allowing(situation: Situation, faster: bool, bends: bool) -> str:
    """What lets the ego drive as fast as it does, or faster; ``bends`` tells whether one may still be ahead."""
    lead, now = situation.lead, situation.speed
    if lead is not None and _passed(situation):
        return f"there is room to pass {_the(lead)}"
    if lead is not None and (follows := _following(situation, lead, faster)):
        return follows
    felt = [h for h in _hindrances(situation, bends) if h.what and h.braking(now) > _FELT]
    if felt:
        nearest = min(felt, key=lambda h: h.distance)
        far = nearest.distance >= max(_GAP, _REACTION * now)
        return nearest.clears or (f"{nearest.what} is still {metres(nearest.distance)} away" if far else "")
    if faster and situation.light is not None and situation.light.shows == SignalState.GREEN:
        return "the light ahead is green"
    if lead is not None:
        return f"{_the(lead)} is still {metres(lead.distance)} away"
    if faster and now < situation.limit - _SLACK:
        return f"the way is free and you may drive {per_second(situation.limit)}"
    if not faster and abs(now - situation.limit) < _ABOUT:
        return "the way is free and you drive about as fast as you may"
    return "the way is free"


def _following(situation: Situation, lead: Ahead, faster: bool) -> str:
    """How a near lead that drives on allows the speed."""
    now, thing, later = situation.speed, name(lead.seen), situation.lead_speed
    later = lead.seen.speed if later is None else later
    if lead.distance > max(_CLOSE * max(now, later), _NEAR) or lead.seen.motion not in (Motion.ALONG, Motion.STANDING):
        return ""
    if lead.clears:
        return f"the {thing} ahead leaves your path"
    if later > now + (_SLACK if faster else _ABOUT):
        return f"the {thing} ahead {'drives off' if lead.seen.motion is Motion.STANDING else 'drives on faster'}"
    if not faster and lead.seen.motion is Motion.ALONG and abs(later - now) < _ABOUT:
        return f"the {thing} ahead drives about as fast"
    return ""


def _hindrances(situation: Situation, bends: bool = True) -> Iterator[Hindrance]:
    """All that can ask for another speed."""
    now, light, bend = situation.speed, situation.light, situation.bend
    if light is not None and light.shows != SignalState.GREEN:
        colour = light.shows.name.lower()
        yield Hindrance(f"the light ahead is {colour}", f"the {colour} light", light.distance, 0.0)
    if situation.lead is not None:
        yield from _hindering_lead(situation, situation.lead)
    for crosser in situation.crossers:
        yield _crossing(crosser)
    for joining in situation.joining:
        thing = a(name(joining.seen))
        what = f"{thing} that moves onto your path"
        yield Hindrance(f"{thing} moves onto your path", what, joining.distance, joining.seen.speed)
    if bends and bend is not None and (pleasant := sqrt(_SIDEWAYS * bend.radius)) < now - _SLACK:
        why = f"your route turns {side(bend.left)}" if bend.turn else f"the road bends to the {side(bend.left)}"
        yield Hindrance(why, f"the {'turn' if bend.turn else 'bend'}", bend.distance, pleasant)
    if situation.limit < now - _SLACK:
        yield Hindrance("you drive faster than you may", "", _CLOSE * now, situation.limit)


def _hindering_lead(situation: Situation, lead: Ahead) -> Iterator[Hindrance]:
    """The lead, unless it drives on as fast as the ego."""
    now, later, thing, what = situation.speed, situation.lead_speed, name(lead.seen), _the(lead)
    match lead.seen.motion:
        case Motion.NONE | Motion.STANDING if _passed(situation):
            yield Hindrance(f"{what} leaves little room", what, lead.distance, _SLOWEST)
        case Motion.NONE:
            yield Hindrance(f"{a(thing)} is on your path", what, lead.distance, 0.0)
        case Motion.STANDING:
            yield Hindrance(f"the {thing} ahead is standing", what, lead.distance, 0.0)
        case Motion.TOWARDS:
            yield Hindrance(f"{a(thing)} comes towards you", what, lead.distance, 0.0)
        case Motion.TO_LEFT | Motion.TO_RIGHT:
            yield _crossing(lead)
        case Motion.ALONG:
            slowest = lead.seen.speed if later is None else min(lead.seen.speed, later)
            does = "stops" if slowest < STANDING else "is slower" if lead.seen.speed < now - _SLACK else "slows down"
            if slowest < now - _SLACK:
                yield Hindrance(f"the {thing} ahead {does}", what, lead.distance, slowest)


def _crossing(ahead: Ahead) -> Hindrance:
    thing = name(ahead.seen)
    return Hindrance(
        why=f"{a(thing)} crosses your path",
        what=f"{a(thing)} that crosses your path",
        distance=ahead.distance,
        speed=0.0,
        clears=f"the {thing} will have crossed" if ahead.clears else "",
    )


def _passed(situation: Situation) -> bool:
    """Whether the lead stays where it is and the human is past it in four seconds."""
    lead, reached = situation.lead, situation.reached
    if lead is None or reached is None or lead.seen.motion not in (Motion.NONE, Motion.STANDING):
        return False
    stays = situation.lead_speed is None or situation.lead_speed < STANDING
    return stays and reached > lead.distance + _ON_LINE


def _the(lead: Ahead) -> str:
    return f"the standing {name(lead.seen)}" if lead.seen.motion is Motion.STANDING else f"the {name(lead.seen)} ahead"
