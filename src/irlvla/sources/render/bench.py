"""How many pictures a second the renderer draws of a busy crossing that is made up for the purpose."""

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from irlvla.scene import (
    CameraRig,
    Command,
    HDMap,
    Layer,
    LineKind,
    ObjectKind,
    Polylines,
    Scene,
    Scenery,
    SceneTruth,
    SignalState,
    Tracks,
    Weather,
)
from irlvla.scene.frames import rotate
from irlvla.sources.render import render

FloatArray = NDArray[np.float64]

ARM, HALF_ROAD, LANE = 110.0, 7.0, 3.5
START = HALF_ROAD + 6
"""Distance of the stop lines from the middle of the crossing [m]."""

SIZES = {
    ObjectKind.VEHICLE: (4.7, 1.9, 1.5),
    ObjectKind.PEDESTRIAN: (0.7, 0.7, 1.75),
    ObjectKind.BICYCLE: (1.8, 0.7, 1.7),
    ObjectKind.TRAFFIC_CONE: (0.4, 0.4, 0.8),
    ObjectKind.BARRIER: (0.5, 2.2, 1.0),
    ObjectKind.CZONE_SIGN: (0.3, 0.9, 1.6),
    ObjectKind.GENERIC_OBJECT: (0.8, 0.8, 1.1),
}
VEHICLE_SIZES = np.array(
    [SIZES[ObjectKind.VEHICLE], (4.8, 2.0, 1.8), (5.9, 2.1, 2.3), (8.2, 2.5, 3.3), (12.0, 2.6, 3.2)]
)


def bench(width: int = 256, height: int = 144, seconds: float = 3.0) -> dict[str, float]:
    """Rate of :func:`~irlvla.sources.render.render` on :func:`busy_crossing`: one thread, compiled, median call.

    Counted in processor time, so that what else the machine does is left out as far as can be.

    Args:
        width, height: of a picture [pixels]; the cameras are NAVSIM's.
        seconds: how long to draw.

    Returns:
        ``images_per_s``, and of the pictures ``width``, ``height`` and number of ``cameras``.

    Raises:
        InputError: if the pictures have no pixels.
    """
    scene, rig = busy_crossing(), CameraRig.navsim(width, height)
    render(scene, rig)
    times, end = [], time.process_time() + seconds
    while not times or time.process_time() < end:
        begin = time.process_time()
        render(scene, rig)
        times.append(time.process_time() - begin)
    rate = len(rig) / float(np.median(times))
    return {"images_per_s": rate, "width": width, "height": height, "cameras": len(rig)}


def busy_crossing(seed: int = 0, tracks: int = 40, buildings: int = 60, weather: Weather | None = None) -> Scene:
    """The ego 25 m before a crossing of two four-lane roads between houses, with random traffic and lights."""
    rng = np.random.default_rng(seed)
    ego = np.array([-34.0, -1.75, 0.02, 8.0, *np.zeros(7)])
    centerline = np.array([[x, -1.75, 0.0] for x in np.arange(-60.0, 60.0)])
    traffic = _traffic(rng, tracks)
    lamps = np.where(traffic.kinds == ObjectKind.VEHICLE, rng.choice([0, 0, 1, 2, 4, 6], tracks), 0).astype(np.uint8)
    truth = SceneTruth(
        t0_us=0,
        ego=ego,
        past=np.array([[0.0, *ego[:7]]]),
        map=replace(_crossing(), buildings=_houses(rng, buildings)),
        route=("east-0",),
        centerline=centerline,
        speed_limit=13.4,
        tracks=traffic,
        red_lights=(),
        reference=centerline[:41],
        reference_kind="human",
        human=None,
        scenery=Scenery(_signals(), lamps, weather or Weather()),
    )
    return Scene("made-up", "made-up", "made-up", np.zeros((4, 7)), Command.STRAIGHT, truth=truth)


def _crossing() -> HDMap:
    """Two straight roads, east-west and north-south, with lanes, markings, kerbs, crosswalks and stop lines."""
    polygons, layers, lines, kinds = [], [], [], []

    def area(layer: Layer, ring: FloatArray, turn: float = 0.0) -> None:
        polygons.append(rotate(ring, np.array(turn)))
        layers.append(layer)

    def line(kind: LineKind, points: FloatArray, turn: float = 0.0) -> None:
        lines.append(rotate(points, np.array(turn)))
        kinds.append(kind)

    area(Layer.INTERSECTION, _rectangle(-START, START, -START, START))
    for turn in np.arange(4) * np.pi / 2:
        area(Layer.DRIVABLE_AREA, _rectangle(-ARM, 0, -HALF_ROAD, HALF_ROAD), turn)
        area(Layer.CARPARK_AREA, _rectangle(-60, -40, HALF_ROAD, HALF_ROAD + 2.2), turn)
        for k in range(2):
            low = -HALF_ROAD + k * LANE
            area(Layer.ROADBLOCK, _rectangle(-ARM, -START, *(low * (1 - k), HALF_ROAD * k)), turn)
            area(Layer.LANE_CONNECTOR, _rectangle(-START, START, low, low + LANE), turn)
            area(Layer.LANE_CONNECTOR, _turning(low + LANE / 2, -1.0), turn)
            area(Layer.LANE_CONNECTOR, _turning(low + LANE / 2, 1.0), turn)
        for k in range(4):
            low = -HALF_ROAD + k * LANE
            area(Layer.LANE, _rectangle(-ARM, -START, low, low + LANE), turn)
        for side in (-HALF_ROAD, HALF_ROAD):
            line(LineKind.ROAD_EDGE, _along((-ARM, side), (-START, side)), turn)
        line(LineKind.ROAD_EDGE, _quarter((-START, -START), START - HALF_ROAD), turn)
        for side in (-0.12, 0.12):
            line(LineKind.MARKING_YELLOW_SOLID, _along((-ARM, side), (-START, side)), turn)
        for side in (-LANE, LANE):
            line(LineKind.MARKING_WHITE_BROKEN, _along((-ARM, side), (-START - 12, side)), turn)
            line(LineKind.MARKING_WHITE_SOLID, _along((-START - 12, side), (-START, side)), turn)
        line(LineKind.STOP_LINE, _along((-START, -HALF_ROAD), (-START, 0.0)), turn)
        line(LineKind.CROSSWALK, _rectangle(-START + 1, -START + 4.5, -HALF_ROAD, HALF_ROAD), turn)
    ids = tuple(f"area-{k}" for k in range(len(polygons)))
    return HDMap(
        ids, np.array(layers, np.int8), Polylines.of(polygons), lines=Polylines.of(lines),
        line_kinds=np.array(kinds, np.int8),
    )  # fmt: skip


def _rectangle(x0: float, x1: float, y0: float, y1: float) -> FloatArray:
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])


def _along(start: tuple[float, float], end: tuple[float, float]) -> FloatArray:
    """Points 1 m apart or less, as maps have them."""
    count = int(np.hypot(end[0] - start[0], end[1] - start[1])) + 2
    return np.linspace(start, end, count)


def _quarter(centre: tuple[float, float], radius: float) -> FloatArray:
    """The kerb around a corner."""
    angle = np.linspace(np.pi / 2, 0, 16)
    return np.array(centre) + radius * np.stack([np.cos(angle), np.sin(angle)], 1)


def _turning(y: float, side: float) -> FloatArray:
    """A connector that leaves the road at ``y`` to the left (1) or the right (-1)."""
    angle = np.linspace(0, np.pi / 2, 16)
    radius = START - side * y
    rims = [np.stack([r * np.sin(angle) - START, side * (START - r * np.cos(angle))], 1)
            for r in (radius - LANE / 2, radius + LANE / 2)]  # fmt: skip
    return np.concatenate([rims[0], rims[1][::-1]])


def _houses(rng: np.random.Generator, count: int) -> FloatArray:
    """Rows of houses along both sides of all four arms."""
    houses = []
    for k in range(count):
        arm, side, place = k % 4, 1 - 2 * (k // 4 % 2), k // 8
        length, width, height = rng.uniform((9, 9, 5), (13, 14, 21))
        x, y = rotate(np.array([-24.0 - 13.5 * place, side * (HALF_ROAD + 5 + width / 2)]), np.array(arm * np.pi / 2))
        houses.append((x, y, arm * np.pi / 2, length, width, height))
    return np.array(houses).reshape(-1, 6)


def _signals() -> FloatArray:
    """A light for each arm, on the right behind the crossing."""
    turns = np.arange(4) * np.pi / 2
    places = rotate(np.tile([START, -HALF_ROAD - 1.0], (4, 1)), turns)
    states = [SignalState.RED, SignalState.GREEN, SignalState.RED, SignalState.YELLOW]
    return np.column_stack([places, turns, states])


def _traffic(rng: np.random.Generator, count: int) -> Tracks:
    """Vehicles in the lanes, everything else along the kerbs."""
    kinds = np.array([int(rng.choice([0, 0, 0, 1, 2, 3, 4, 5, 6])) for _ in range(count)], np.int8)
    sizes = np.array([SIZES[ObjectKind(kind)] for kind in kinds])
    vehicles = kinds == ObjectKind.VEHICLE
    sizes[vehicles] = VEHICLE_SIZES[rng.choice(len(VEHICLE_SIZES), vehicles.sum(), p=(0.5, 0.2, 0.1, 0.1, 0.1))]
    along = np.linspace(-90, 90, count) + rng.uniform(-2, 2, count)
    lane = rng.choice([-5.25, -1.75, 1.75, 5.25], count)
    lane = np.where((np.abs(along + 34) < 8) & (lane == -1.75), 5.25, lane)
    side = np.where(vehicles, lane, rng.choice([-8.2, 8.2], count))
    turned = np.where(np.arange(count) % 3 == 0, np.pi / 2, 0.0)
    xy = rotate(np.stack([along, side], 1), turned)
    heading = np.where(side < 0, 0.0, np.pi) + turned
    poses = np.repeat(np.concatenate([xy, heading[:, None]], 1)[:, None], 41, 1)
    speeds = np.where(kinds <= ObjectKind.BICYCLE, rng.uniform(0, 1.5, count), 0.0)
    velocities = speeds[:, None, None] * np.stack([np.cos(poses[..., 2]), np.sin(poses[..., 2])], -1)
    names = tuple(f"track-{k}" for k in range(count))
    return Tracks(names, kinds, sizes, poses, velocities, np.ones((count, 41), np.bool_))
