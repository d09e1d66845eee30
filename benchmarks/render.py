"""Pictures per second of the camera renderer on a made-up crossing; prints JSON. Usage: python benchmarks/render.py."""

import json
import time

import numpy as np
from numpy.typing import NDArray

from irlvla.scene import Command, HDMap, Layer, LineKind, ObjectKind, Polylines, RedLight, Scene, SceneTruth, Tracks
from irlvla.scene.frames import rotate
from irlvla.sources.render import render

ARM, HALF_ROAD, LANE = 110.0, 7.0, 3.5


def bench(seconds: float = 3.0) -> dict[str, float]:
    """Rate of :func:`~irlvla.sources.render.render` on :func:`made_up_scene`: one thread, compiled, median call.

    Counted in processor time, so that what else the machine does is left out as far as can be.
    """
    scene = made_up_scene()
    cameras, height, width, _ = render(scene).shape
    times, end = [], time.process_time() + seconds
    while time.process_time() < end:
        begin = time.process_time()
        render(scene)
        times.append(time.process_time() - begin)
    return {"images_per_s": cameras / float(np.median(times)), "width": width, "height": height, "cameras": cameras}


def made_up_scene(seed: int = 0, tracks: int = 40) -> Scene:
    """The ego 25 m before a crossing of two four-lane roads, with random traffic and a red light."""
    rng = np.random.default_rng(seed)
    ego = np.array([-34.0, -1.75, 0.02, 8.0, *np.zeros(7)])
    centerline = np.array([[x, -1.75, 0.0] for x in np.arange(-60.0, 60.0)])
    truth = SceneTruth(
        t0_us=0,
        ego=ego,
        past=np.array([[0.0, *ego[:7]]]),
        map=_crossing(),
        route=("east-0",),
        centerline=centerline,
        speed_limit=13.4,
        tracks=_traffic(rng, tracks),
        red_lights=(RedLight("connector", np.ones(41, np.bool_)),),
        reference=centerline[:41],
        reference_kind="human",
        human=None,
    )
    return Scene("made-up", "made-up", "made-up", np.zeros((4, 7)), Command.STRAIGHT, truth)


def _crossing() -> HDMap:
    """Two straight roads, east-west and north-south, with lanes, markings, kerbs, crosswalks and stop lines."""
    polygons, layers, ids, lines, kinds = [], [], [], [], []

    def area(name: str, layer: Layer, ring: NDArray[np.float64]) -> None:
        polygons.append(ring)
        layers.append(layer)
        ids.append(name)

    def line(kind: LineKind, *points: tuple[float, float]) -> None:
        lines.append(rotate(np.array(points, np.float64), np.array(turn)))
        kinds.append(kind)

    for arm, turn in enumerate(np.arange(4) * np.pi / 2):
        start = HALF_ROAD + 6
        area(f"road-{arm}", Layer.DRIVABLE_AREA, rotate(_rectangle(-ARM, 0, -HALF_ROAD, HALF_ROAD), turn))
        for k in range(4):
            low = -HALF_ROAD + k * LANE
            area(f"lane-{arm}-{k}", Layer.LANE, rotate(_rectangle(-ARM, -start, low, low + LANE), turn))
        for side in (-HALF_ROAD, HALF_ROAD):
            line(LineKind.ROAD_EDGE, (-ARM, side), (-start, side), (-HALF_ROAD, side * 1.4))
        for side in (-0.12, 0.12):
            line(LineKind.MARKING_YELLOW_SOLID, (-ARM, side), (-start, side))
        for side in (-LANE, LANE):
            line(LineKind.MARKING_WHITE_BROKEN, (-ARM, side), (-start - 12, side))
            line(LineKind.MARKING_WHITE_SOLID, (-start - 12, side), (-start, side))
        line(LineKind.STOP_LINE, (-start, -HALF_ROAD), (-start, 0))
        corners = _rectangle(-start + 1, -start + 4.5, -HALF_ROAD, HALF_ROAD)
        line(LineKind.CROSSWALK, *[(float(x), float(y)) for x, y in corners])
    area("middle", Layer.INTERSECTION, _rectangle(-13, 13, -13, 13))
    area("connector", Layer.LANE_CONNECTOR, _rectangle(-13, 13, -LANE, 0))
    turn = 0.0
    line(LineKind.CENTERLINE, (-13, -1.75), (13, -1.75))
    return HDMap(
        tuple(ids), np.array(layers, np.int8), Polylines.of(polygons), lines=Polylines.of(lines),
        line_kinds=np.array(kinds, np.int8),
    )  # fmt: skip


def _rectangle(x0: float, x1: float, y0: float, y1: float) -> NDArray[np.float64]:
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])


SIZES = {
    ObjectKind.VEHICLE: (4.7, 1.9, 1.6),
    ObjectKind.PEDESTRIAN: (0.7, 0.7, 1.75),
    ObjectKind.BICYCLE: (1.8, 0.7, 1.7),
    ObjectKind.TRAFFIC_CONE: (0.4, 0.4, 0.8),
    ObjectKind.BARRIER: (0.5, 2.2, 1.0),
    ObjectKind.CZONE_SIGN: (0.3, 0.9, 1.6),
    ObjectKind.GENERIC_OBJECT: (0.8, 0.8, 1.1),
}


def _traffic(rng: np.random.Generator, count: int) -> Tracks:
    """Vehicles in the lanes, everything else along the kerbs."""
    kinds = np.array([int(rng.choice([0, 0, 0, 1, 2, 3, 4, 5, 6])) for _ in range(count)], np.int8)
    sizes = np.array([SIZES[ObjectKind(kind)] for kind in kinds])
    sizes[::9] = np.where((kinds[::9] == ObjectKind.VEHICLE)[:, None], (10.5, 2.6, 3.3), sizes[::9])
    along = np.linspace(-90, 90, count) + rng.uniform(-2, 2, count)
    lane = rng.choice([-5.25, -1.75, 1.75, 5.25], count)
    lane = np.where((np.abs(along + 34) < 8) & (lane == -1.75), 5.25, lane)
    side = np.where(kinds == ObjectKind.VEHICLE, lane, rng.choice([-8.2, 8.2], count))
    heading = np.where(side < 0, 0.0, np.pi)
    turned = np.where(np.arange(count) % 3 == 0, np.pi / 2, 0.0)
    xy = rotate(np.stack([along, side], 1), turned)
    poses = np.repeat(np.concatenate([xy, (heading + turned)[:, None]], 1)[:, None], 41, 1)
    names = tuple(f"track-{k}" for k in range(count))
    return Tracks(names, kinds, sizes, poses, np.zeros((count, 41, 2)), np.ones((count, 41), np.bool_))


if __name__ == "__main__":
    print(json.dumps(bench()))
