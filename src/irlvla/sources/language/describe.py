"""Words for scenes: the instruction that a policy gets, and what a driver who knows the truth would answer.

Distances are those of the metric's car, from its front bumper (4.049 m before the rear axle). A distance alone ("12 m
ahead") is along the route's centre line, from the place nearest to the middle of the bumper to the first point of an
object's box on the ego's path: the ground within half the ego's width of that line. A distance with a side ("9 m ahead
and 3 m to the right") is straight ahead and across, from the middle of the bumper to the nearest point of the box.
Metres are rounded to one, speeds to 0.1 m/s. What happens on the path beyond 50 m is not spoken of.
"""

import math

import numpy as np

from irlvla.errors import InputError
from irlvla.scene import INSTRUCTION, STANDING, Command, Language, Scene, meta_action
from irlvla.sources.language.objects import Ahead, Motion
from irlvla.sources.language.reason import decision
from irlvla.sources.language.route import REACH
from irlvla.sources.language.situation import Situation, perceive
from irlvla.sources.language.words import metres, motion, name, on_path, per_second, sentence, side, where

_MOST = 2  # of several who cross or join the nearest are named
_SAME = 0.5  # change of speed that is none [m/s]
_STEP = 5.0  # distances that are announced are rounded to [m]


def describe(scene: Scene) -> Language:
    """The meta-action of the human and what can be said of the scene, in pairs of a question and its answer.

    All of it is in the scene's truth. What is not known is not asked: lights where the truth knows only red ones and
    none is red, what a lead does that goes out of sight, and what to do where there is no human.
    """
    speed = float(np.hypot(*scene.history[-1, 3:5]))
    situation = perceive(scene.truth, speed)
    action = meta_action(speed, scene.truth.human)
    pairs = [
        ("How fast are you and how fast may you drive?", _speed(situation)),
        ("Which way does the route lead?", _route(situation)),
        ("What is ahead of you on your path?", _lead(situation)),
        *_lead_later(situation),
        ("Are there traffic lights for you, and what do they show?", _lights(situation)),
        ("Is anybody about to cross your path?", _crossers(situation)),
        ("Who else matters?", _others(situation)),
    ]
    if scene.truth.human is not None:
        pairs.append(("What should you do in the next four seconds, and why?", decision(situation, *action)))
    return Language(*action, tuple((question, answer) for question, answer in pairs if answer))


def instruct(command: Command, distance: float | None = None, place: str | None = None) -> str:
    """The instruction of a scene: what a navigation system says, and the question that every scene asks.

    Args:
        command: where the route goes.
        distance: to where it does so [m], announced to 5 m; None to leave it out.
        place: what is there, without its article ("traffic lights"); None to leave it out.

    Raises:
        InputError: if the distance is negative or not finite.
    """
    if distance is not None and not (math.isfinite(distance) and distance >= 0):
        raise InputError("distance of an instruction", f"is {distance}", "give metres from 0 on, or None")
    words = {Command.LEFT: "Turn left", Command.RIGHT: "Turn right", Command.STRAIGHT: "Go straight on"}
    if command not in words:
        return INSTRUCTION
    at = f" at the {place}" if place else ""
    announced = "" if distance is None else _announced(distance)
    return f"{words[command]}{at}{announced}. {INSTRUCTION}"


def _announced(distance: float) -> str:
    rounded = _STEP * math.floor(distance / _STEP + 0.5)
    return f" in {rounded:.0f} m" if rounded else " now"


def _speed(situation: Situation) -> str:
    return f"You drive at {per_second(situation.speed)}; the limit is {per_second(situation.limit)}."


def _route(situation: Situation) -> str:
    bend = situation.bend
    if bend is None:
        return "Straight on."
    way = f"a {side(bend.left)} turn" if bend.turn else f"a bend to the {side(bend.left)}"
    return f"You are in {way}." if bend.distance <= 0 else f"Straight on, then {way} in {metres(bend.distance)}."


def _lead(situation: Situation) -> str:
    return sentence(on_path(situation.lead)) if situation.lead else f"Nothing within {metres(REACH)}."


def _lead_later(situation: Situation) -> list[tuple[str, str]]:
    """What the agent ahead does, if there is one and it is seen long enough: one pair or none."""
    lead, later = situation.lead, situation.lead_speed
    if lead is None or later is None or lead.seen.motion is Motion.NONE:
        return []
    return [(f"What will the {name(lead.seen)} ahead of you do in the next four seconds?", _deed(lead, later))]


def _deed(lead: Ahead, later: float) -> str:
    now = lead.seen.speed
    if lead.clears:
        return "Leave your path."
    if later < STANDING:
        return "Stay where it is." if lead.seen.motion is Motion.STANDING else "Stop."
    if abs(later - now) < _SAME:
        return "Keep its speed."
    if lead.seen.motion is Motion.STANDING:
        return f"Move off and reach {per_second(later)}."
    return f"{'Speed up' if later > now else 'Slow down'} to {per_second(later)}."


def _lights(situation: Situation) -> str:
    light = situation.light
    if light is not None:
        return f"{light.shows.name.capitalize()}; the stop line is {metres(light.distance)} ahead."
    return f"None within {metres(REACH)}." if situation.lights_known else ""


def _crossers(situation: Situation) -> str:
    named = [where(crosser.seen) for crosser in situation.crossers[:_MOST]]
    return f"Yes, {', and '.join(named)}." if named else "No."


def _others(situation: Situation) -> str:
    """The nearest who join the path, then the nearest who is oncoming."""
    joining = [ahead.seen for ahead in situation.joining[:_MOST]]
    said = [f"{where(seen)}{motion(seen)}, moving onto your path" for seen in joining]
    if situation.oncoming is not None:
        said.append(f"{where(situation.oncoming.seen)}{motion(situation.oncoming.seen)}")
    return " ".join(map(sentence, said)) if said else "Nobody."
