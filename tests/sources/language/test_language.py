"""What is said of scenes that are made by hand."""

import inspect
from dataclasses import replace

import numpy as np
import pytest

from irlvla.errors import InputError
from irlvla.scene import (
    INSTRUCTION,
    Command,
    Layer,
    LineKind,
    ObjectKind,
    PathAction,
    Polylines,
    RedLight,
    Scenery,
    SignalState,
    SpeedAction,
    Trajectory,
)
from irlvla.sources.language import describe, instruct
from tests.epdms.made_up import box, map_of, rectangle
from tests.sources.language.scenes import (
    BEFORE,
    CAR,
    CONNECTOR,
    CROSSES,
    DECISION,
    FRONT,
    LATER,
    LEADS,
    LIGHTS,
    OTHERS,
    ROUTE,
    SPEED,
    answers,
    drive,
    left_turn,
    scene,
    walker,
)


def test_a_free_road():
    assert describe(scene()).answers == (
        (SPEED, "You drive at 8.0 m/s; the limit is 13.4 m/s."),
        (ROUTE, "Straight on."),
        (LEADS, "Nothing within 50 m."),
        (CROSSES, "No."),
        (OTHERS, "Nobody."),
        (DECISION, "Keep your speed and go straight on, because the way is free."),
    )


@pytest.mark.parametrize(
    ("speed", "later", "decision"),
    [
        (8.0, 12.0, "Speed up and go straight on, because the way is free and you may drive 13.4 m/s."),
        (13.0, 13.4,
         "Keep your speed and go straight on, because the way is free and you drive about as fast as you may."),
        (16.0, 13.0, "Slow down and go straight on, because you drive faster than you may."),
        (0.0, 6.0, "Drive off and go straight on, because the way is free and you may drive 13.4 m/s."),
        (8.0, 5.0, "Slow down and go straight on."),
        (0.2, 1.0, "Creep forward and go straight on, because the way is free."),
    ],
)  # fmt: skip
def test_speed_on_a_free_road(speed, later, decision):
    assert answers(scene(speed=speed, later=later))[DECISION] == decision


@pytest.mark.parametrize(
    ("ahead", "speed", "later", "seen", "does", "decision"),
    [
        (3.0, 8.0, 4.0, "driving at 3.0 m/s", "Keep its speed.",
         "Slow down and go straight on, because the car ahead is slower."),
        (8.5, 8.0, 8.0, "driving at 8.5 m/s", "Keep its speed.",
         "Keep your speed and go straight on, because the car ahead drives about as fast."),
        (11.0, 8.0, 11.0, "driving at 11.0 m/s", "Keep its speed.",
         "Speed up and go straight on, because the car ahead drives on faster."),
        (0.0, 8.0, 0.0, "standing", "Stay where it is.",
         "Slow down and stop, because the car ahead is standing."),
        (0.0, 0.0, 0.0, "standing", "Stay where it is.",
         "Stay where you are, because the car ahead is standing."),
    ],
)  # fmt: skip
def test_a_car_ahead(ahead, speed, later, seen, does, decision):
    lead = box("lead", FRONT + 12.3 + 2.0, 0.4, vx=ahead, size=CAR)
    found = answers(scene(lead, speed=speed, later=later))
    assert found[LEADS] == f"A car, 12 m ahead, {seen}."
    assert found[LATER] == does
    assert found[DECISION] == decision


@pytest.mark.parametrize(
    ("start", "end", "speed", "later", "does", "decision"),
    [
        (8.0, 0.0, 8.0, 1.0, "Stop.", "Slow down and go straight on, because the car ahead stops."),
        (8.0, 4.0, 8.0, 5.0, "Slow down to 4.0 m/s.",
         "Slow down and go straight on, because the car ahead slows down."),
        (4.0, 9.0, 6.0, 7.0, "Speed up to 9.0 m/s.",
         "Keep your speed and go straight on, because the car ahead drives on faster."),
        (0.0, 6.0, 2.0, 6.0, "Move off and reach 6.0 m/s.",
         "Speed up and go straight on, because the car ahead drives off."),
    ],
)  # fmt: skip
def test_a_lead_that_changes_its_speed(start, end, speed, later, does, decision):
    time = 0.1 * np.arange(41)
    token, kind, size, poses, velocities, valid = box("lead", FRONT + 12, 0, size=CAR)
    poses[:, 0] += start * time + (end - start) * time**2 / 8
    velocities[:, 0] = start + (end - start) * time / 4
    lead = token, kind, size, poses, velocities, valid
    found = answers(scene(lead, speed=speed, later=later))
    assert found[LATER] == does
    assert found[DECISION] == decision


def test_a_lead_that_goes_out_of_sight_or_off_the_path():
    unseen = box("lead", FRONT + 12, 0, vx=8.0, size=CAR, steps=range(20))
    assert LATER not in answers(scene(unseen))
    leaving = box("lead", FRONT + 12, 0, vx=8.0, vy=1.0, size=CAR)
    found = answers(scene(leaving))
    assert found[LATER] == "Leave your path."
    assert found[DECISION] == "Keep your speed and go straight on, because the car ahead leaves your path."


@pytest.mark.parametrize(
    ("kind", "size", "says"),
    [
        (ObjectKind.VEHICLE, (12.0, 2.5), "A large vehicle, 10 m ahead, standing."),
        (ObjectKind.PEDESTRIAN, (0.6, 0.6), "A pedestrian, 10 m ahead, standing."),
        (ObjectKind.BICYCLE, (1.8, 0.6), "A bicycle, 10 m ahead, standing."),
        (ObjectKind.TRAFFIC_CONE, (0.4, 0.4), "A traffic cone, 10 m ahead."),
        (ObjectKind.BARRIER, (2.0, 0.5), "A barrier, 10 m ahead."),
        (ObjectKind.CZONE_SIGN, (0.5, 0.5), "A construction sign, 10 m ahead."),
        (ObjectKind.GENERIC_OBJECT, (1.0, 1.0), "An object, 10 m ahead."),
    ],
)
def test_things_have_names(kind, size, says):
    thing = box("thing", FRONT + 10 + size[0] / 2, 0, kind=kind, size=size)
    assert answers(scene(thing))[LEADS] == says


def test_a_thing_in_the_way_is_stopped_for_or_passed():
    cone = box("cone", FRONT + 10, 0.2, kind=ObjectKind.TRAFFIC_CONE, size=(0.4, 0.4))
    stopped = answers(scene(cone, speed=5.0, later=0.0))
    assert stopped[DECISION] == "Slow down and stop, because a traffic cone is on your path."
    passed = answers(scene(cone, human=drive(8.0, 8.0, aside=-2.5)))
    assert passed[DECISION] == "Keep your speed and move over to the right to pass the traffic cone ahead."
    close = answers(scene(cone, human=drive(8.0, 8.0, aside=-1.5)))
    assert (
        close[DECISION] == "Keep your speed and go straight on, because there is room to pass the traffic cone ahead."
    )
    slow = answers(scene(cone, human=drive(8.0, 5.0, aside=-1.5)))
    assert slow[DECISION] == "Slow down and go straight on, because the traffic cone ahead leaves little room."


def test_a_parked_car_is_passed_on_its_other_side_only():
    parked = box("parked", FRONT + 12, -2.0, size=CAR)
    left = answers(scene(parked, human=drive(8.0, 8.0, aside=2.5)))[DECISION]
    assert left == "Keep your speed and move over to the left to pass the standing car."
    right = answers(scene(parked, human=drive(8.0, 8.0, aside=-2.5)))[DECISION]
    assert right == "Keep your speed and move over to the right, because there is room to pass the standing car."


def test_a_route_that_changes_lanes_is_the_reason_to_move_over():
    x = np.arange(-50.0, 151.0)
    y = 3.5 * np.clip((x - 8) / 20, 0, 1)
    line = np.column_stack([x, y, np.arctan2(np.gradient(y), 1.0)])
    found = answers(scene(human=drive(8.0, 8.0, aside=3.5), centerline=line))
    assert found[DECISION] == "Keep your speed and move over to the left, because your route leads there."
    lead = box("lead", FRONT + 12, 2, vx=3, heading=0.2, size=CAR)
    slower = answers(scene(lead, human=drive(8.0, 5.0, aside=3.5), centerline=line))
    assert slower[DECISION] == "Slow down and move over to the left, because the car ahead is slower."


def test_who_is_beside_or_behind_or_far_is_not_ahead():
    others = (
        box("right", 15, -2.2, size=CAR), box("behind", -8, 0, vx=8, size=CAR), box("far", FRONT + 53, 0, size=CAR),
        box("over the bumper", FRONT + 1, 0, size=CAR), box("gone", 20, 0, size=CAR, steps=range(1, 41)),
    )  # fmt: skip
    assert answers(scene(*others))[LEADS] == "Nothing within 50 m."


def test_red_stands_at_the_connector_or_the_painted_line():
    red = (RedLight("through", np.ones(41, bool)),)
    kept = {"elements": (BEFORE, CONNECTOR), "route": ("lane", "through"), "red_lights": red}
    found = answers(scene(later=1.0, **kept))
    assert found[LIGHTS] == "Red; the stop line is 20 m ahead."
    assert found[DECISION] == "Slow down and go straight on, because the light ahead is red."
    assert answers(scene(later=8.0, **kept))[DECISION] == (
        "Keep your speed and go straight on, because the red light is still 20 m away."
    )
    assert answers(scene(later=0.0, **kept))[DECISION] == "Slow down and stop, because the light ahead is red."
    assert (
        answers(scene(speed=0.0, later=0.0, **kept))[DECISION] == "Stay where you are, because the light ahead is red."
    )
    painted = map_of(BEFORE, CONNECTOR)
    line = np.array([[FRONT + 17.0, -1.75], [FRONT + 17.0, 1.75]])
    painted = replace(painted, lines=Polylines.of([line]), line_kinds=np.array([LineKind.STOP_LINE], np.int8))
    kept.pop("elements")
    assert answers(scene(map=painted, **kept))[LIGHTS] == "Red; the stop line is 17 m ahead."


def test_a_red_light_is_the_egos_only_on_its_route_and_before_it():
    red = (RedLight("through", np.ones(41, bool)),)
    kept = {"elements": (BEFORE, CONNECTOR), "red_lights": red}
    assert LIGHTS not in answers(scene(route=("lane",), **kept))
    later = (RedLight("through", np.arange(41) > 10),)
    assert LIGHTS not in answers(scene(route=("through",), elements=(BEFORE, CONNECTOR), red_lights=later))
    inside = rectangle(FRONT - 5, -1.75, FRONT + 10, 1.75)
    entered = (("through", Layer.LANE_CONNECTOR, inside),)
    assert LIGHTS not in answers(scene(route=("through",), elements=entered, red_lights=red))


@pytest.mark.parametrize(("state", "word"), [(SignalState.GREEN, "Green"), (SignalState.YELLOW, "Yellow")])
def test_other_lights_are_those_that_face_the_ego(state, word):
    ahead = FRONT + 45.0
    heads = np.array([
        [ahead, 9.0, 0, SignalState.YELLOW], [ahead, -2.5, 0, state], [ahead, 0, np.pi / 2, SignalState.RED],
        [FRONT + 15, 1, np.pi, SignalState.RED], [ahead, 0.5, 0, SignalState.RED],
    ])  # fmt: skip
    kept = {"elements": (BEFORE, CONNECTOR), "route": ("lane", "through")}
    found = answers(scene(later=11.0, scenery=Scenery(heads), **kept))
    assert found[LIGHTS] == f"{word}; the stop line is 20 m ahead."
    why = "the light ahead is green" if state is SignalState.GREEN else "the yellow light is still 20 m away"
    assert found[DECISION] == f"Speed up and go straight on, because {why}."
    assert answers(scene(scenery=Scenery(heads[2:]), **kept))[LIGHTS] == "None within 50 m."


def test_without_another_reason_the_junction_is_one():
    found = answers(scene(later=4.0, elements=(BEFORE, CONNECTOR), route=("lane", "through")))
    assert LIGHTS not in found
    assert found[DECISION] == "Slow down and go straight on, because a junction begins 20 m ahead."
    slow = answers(scene(speed=3.0, later=0.0, elements=(BEFORE, CONNECTOR), route=("lane", "through")))
    assert slow[DECISION] == "Slow down and stop."  # nobody stops 20 m before it


def test_a_pedestrian_who_is_about_to_cross():
    walking = walker("walker", FRONT + 9.3, -3.3, vy=1.4)
    found = answers(scene(walking))
    assert found[LEADS] == "Nothing within 50 m."
    assert found[CROSSES] == "No."  # the ego is past before
    stopping = Trajectory(drive(8.0, 0.0).poses * [0.5, 1, 1])
    found = answers(scene(walking, human=stopping))
    assert found[CROSSES] == "Yes, a pedestrian 9 m ahead and 3 m to the right."
    assert found[DECISION] == "Slow down and stop, because a pedestrian crosses your path."
    on_path = answers(scene(walker("walker", FRONT + 9.3, -1.0, vy=1.4), human=stopping))
    assert on_path[LEADS] == "A pedestrian, 9 m ahead, crossing from the right at 1.4 m/s."
    assert on_path[CROSSES] == "Yes, a pedestrian 9 m ahead and 1 m to the right."
    assert on_path["What will the pedestrian ahead of you do in the next four seconds?"] == "Leave your path."
    along = answers(scene(walker("walker", FRONT + 9.3, -3.3, vx=1.4), human=stopping))
    assert along[CROSSES] == "No."


def test_who_will_have_crossed_or_is_far_lets_the_ego_drive_on():
    quick = answers(scene(walker("walker", FRONT + 20.3, -1.6, vy=1.5), speed=4.0))
    assert quick[DECISION] == "Keep your speed and go straight on, because the pedestrian will have crossed."
    slow = answers(scene(walker("walker", FRONT + 20.3, -3.3, vy=0.8), speed=4.0))
    assert slow[DECISION] == (
        "Keep your speed and go straight on, because a pedestrian that crosses your path is still 20 m away."
    )


def test_of_several_who_cross_the_nearest_two_are_named():
    crossing = [walker(f"walker{k}", FRONT + 10.3 + 5 * k, 3.3, vy=-1.4) for k in (2, 0, 1)]
    found = answers(scene(*crossing, speed=0.0))
    assert found[CROSSES] == (
        "Yes, a pedestrian 10 m ahead and 3 m to the left, and a pedestrian 15 m ahead and 3 m to the left."
    )


def test_vehicles_cross_join_and_come_towards_the_ego():
    crossing = box("crossing", FRONT + 20, 14, vy=-6, heading=-np.pi / 2, size=CAR)
    joining = box("joining", FRONT + 8, -3, vx=5, vy=0.7, size=CAR)
    oncoming = box("oncoming", FRONT + 27.2, 4.4, vx=-9, heading=np.pi, size=CAR)
    found = answers(scene(crossing, joining, oncoming, speed=5.0))
    assert found[CROSSES] == "Yes, a car 19 m ahead and 12 m to the left."
    assert found[OTHERS] == (
        "A car 6 m ahead and 2 m to the right, driving at 5.0 m/s, moving onto your path. "
        "A car 25 m ahead and 3 m to the left, coming towards you at 9.0 m/s."
    )


def test_a_slow_car_that_moves_onto_the_path_is_a_reason_to_slow_down():
    joining = box("joining", FRONT + 8, -3, vx=3, vy=0.7, size=CAR)
    human = Trajectory(drive(8.0, 3.0).poses * [0.6, 1, 1])
    assert answers(scene(joining, human=human))[DECISION] == (
        "Slow down and go straight on, because a car moves onto your path."
    )
    quick = box("joining", FRONT + 8, -3, vx=9, vy=0.7, size=CAR)
    assert answers(scene(quick, later=0.0))[DECISION] == "Slow down and stop, because a car moves onto your path."
    assert answers(scene(quick, later=4.0))[DECISION] == "Slow down and go straight on."


def test_turns_are_announced_where_they_begin():
    found = answers(scene(centerline=left_turn(FRONT + 14.2), later=4.0))
    begins = 14.2 + 0.05 * 10 * np.pi / 2
    assert found[ROUTE] == f"Straight on, then a left turn in {begins:.0f} m."
    assert found[DECISION] == "Slow down and go straight on, because your route turns left."
    inside = answers(scene(centerline=left_turn(1.0), speed=4.0, human=drive(4.0, 4.0, bend=0.1)))
    assert inside[ROUTE] == "You are in a left turn."
    assert inside[DECISION] == "Keep your speed and turn left, because the way is free."
    wide = left_turn(FRONT + 10, radius=45.0) * [1, -1, -1]
    assert answers(scene(centerline=wide))[ROUTE] == "Straight on, then a bend to the right in 13 m."
    far = answers(scene(centerline=left_turn(FRONT + 55)))
    assert far[ROUTE] == "Straight on."


def test_a_bend_is_followed_even_where_the_human_ends_up_beside_its_lane():
    radius, begin = 60.0, 12.0
    driven = 4.0 * np.arange(1, 9)
    angle = np.maximum(driven - begin, 0) / radius
    bent = np.column_stack([np.minimum(driven, begin) + radius * np.sin(angle), radius * (1 - np.cos(angle)), angle])
    made = scene(human=Trajectory(bent), centerline=left_turn(begin, radius))
    assert describe(made).path is PathAction.LEFT_CHANGE
    assert answers(made)[DECISION] == "Keep your speed and follow the bend to the left, because the way is free."


def test_distances_follow_the_route_round_a_turn():
    line = left_turn(FRONT + 10)
    waiting = box("waiting", FRONT + 20, 10 + 8.0, heading=np.pi / 2, size=CAR)
    assert answers(scene(waiting, centerline=line))[LEADS] == f"A car, {10 + 5 * np.pi + 6:.0f} m ahead, standing."


def test_without_a_human_nothing_is_decided():
    said = describe(scene(human=None))
    assert (said.speed, said.path) == (SpeedAction.KEEP, PathAction.STRAIGHT)
    assert DECISION not in dict(said.answers)


def test_instructions_know_the_route_and_nothing_else():
    assert set(inspect.signature(instruct).parameters) == {"command", "distance", "place"}
    assert instruct(Command.LEFT, 31.0, "traffic lights") == f"Turn left at the traffic lights in 30 m. {INSTRUCTION}"
    assert instruct(Command.RIGHT, 1.0, "roundabout") == f"Turn right at the roundabout now. {INSTRUCTION}"
    assert instruct(Command.RIGHT, 12.5) == f"Turn right in 15 m. {INSTRUCTION}"
    assert instruct(Command.STRAIGHT, place="crossing") == f"Go straight on at the crossing. {INSTRUCTION}"
    assert instruct(Command.LEFT) == f"Turn left. {INSTRUCTION}"
    assert instruct(Command.UNKNOWN, 20.0, "crossing") == INSTRUCTION


@pytest.mark.parametrize("distance", [-1.0, float("nan"), float("inf")])
def test_distances_that_are_none_are_refused(distance):
    with pytest.raises(InputError, match="distance of an instruction"):
        instruct(Command.LEFT, distance)
