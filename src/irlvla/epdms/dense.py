"""A made-up busy crossing to time the judge on: 60 objects, 187 map polygons, as many random plans as wanted."""

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.cases import Case
from irlvla.scene import HDMap, Layer, ObjectKind, Polylines, SceneTruth, Tracks, Trajectory

FloatArray = NDArray[np.float64]

TIMES = np.arange(41) * 0.1
LANE = 3.5
SEGMENTS = 22
"""Stretches of 10 m into which each lane is cut."""


def dense_case(plans: int = 64, seed: int = 0) -> Case:
    """The crossing with random plans of 4 s, poses 0.5 s apart: curved, braking, speeding."""
    rng = np.random.default_rng(seed)
    end = TIMES[-1]
    speeds = 9.0 + rng.normal(0, 1.0, (plans, 1)) * TIMES / end * 6.0
    headings = rng.normal(0, 0.1, (plans, 1)) * (TIMES / end) ** 2 * 4.0
    steps = np.stack([speeds * np.cos(headings), speeds * np.sin(headings)], -1)[:, :-1] * 0.1
    path = np.concatenate([np.zeros((plans, 1, 2)), steps.cumsum(1)], 1)
    poses = np.concatenate([path, headings[..., None]], -1)[:, 5::5]
    return Case("dense", _truth(rng), poses, 0.5, None)


def _truth(rng: np.random.Generator) -> SceneTruth:
    ego = np.zeros(11)
    ego[[0, 1, 3]] = -30.0, -LANE / 2, 9.0
    past = np.zeros((4, 8))
    past[:, 0] = [-1_500_000, -1_000_000, -500_000, 0]
    past[:, 1], past[:, 2], past[:, 4] = -30.0 + 9.0 * past[:, 0] * 1e-6, -LANE / 2, 9.0
    ahead = np.column_stack([ego[0] + 8.0 * np.arange(51) * 0.1, np.full(51, -LANE / 2), np.zeros(51)])
    hd_map, route = _crossing()
    return SceneTruth(
        t0_us=1_621_437_388_051_379,
        ego=ego,
        past=past,
        map=hd_map,
        route=route,
        centerline=np.column_stack([np.arange(-100.0, 100.0), np.full(200, -LANE / 2), np.zeros(200)]),
        speed_limit=13.4,
        tracks=_traffic(rng),
        red_lights=(),
        reference=ahead,
        reference_kind="pdm-closed",
        human=Trajectory(np.column_stack([4.5 * np.arange(1, 9), np.zeros(8), np.zeros(8)]), 0.5),
    )


def _crossing() -> tuple[HDMap, tuple[str, ...]]:
    """Two roads of four lanes: cut lanes, a roadblock for each direction, connectors over the intersection."""
    names, layers, rings, route = [], [], [], []

    def add(name: str, layer: Layer, left: float, bottom: float, right: float, top: float, turned: bool) -> None:
        corners = np.array([(left, bottom), (right, bottom), (right, top), (left, top)])
        dense = np.concatenate(
            [np.linspace(a, b, 12, endpoint=False) for a, b in zip(corners, np.roll(corners, -1, 0), strict=True)]
        )
        names.append(name)
        layers.append(layer)
        rings.append(dense[:, ::-1].copy() if turned else dense)

    for turned in (False, True):
        road = "ns" if turned else "ew"
        for lane in range(4):
            low = (lane - 2) * LANE
            for k in range(SEGMENTS):
                left = -110.0 + 10.0 * k
                inside = abs(left + 5.0) < 7.0
                name = f"{road}-{lane}-{k}"
                add(name, Layer.LANE_CONNECTOR if inside else Layer.LANE, left, low, left + 10.0, low + LANE, turned)
                if not turned and lane == 1:
                    route.append(name)
        for side in (-1, 1):
            add(
                f"{road}-block-{side}",
                Layer.ROADBLOCK,
                -110.0,
                min(0.0, side * 2 * LANE),
                110.0,
                max(0.0, side * 2 * LANE),
                turned,
            )
    for k, (left, bottom) in enumerate(
        [(-30.0, 7.0), (15.0, 7.0), (-30.0, -17.0), (15.0, -17.0), (-90.0, 7.0), (60.0, 7.0)]
    ):
        add(f"parking-{k}", Layer.CARPARK_AREA, left, bottom, left + 15.0, bottom + 10.0, False)
    add("intersection", Layer.INTERSECTION, -2 * LANE, -2 * LANE, 2 * LANE, 2 * LANE, False)
    return HDMap(tuple(names), np.array(layers, np.int8), Polylines.of(rings)), tuple(route)


def _traffic(rng: np.random.Generator) -> Tracks:
    """45 cars along the lanes, some standing, and 15 people beside them; those of the other road spare the crossing."""
    count, cars = 60, 45
    across = rng.random(count) < 0.5
    along = rng.uniform(-90, 90, count)
    lane = (np.where(across, rng.integers(0, 4, count), rng.choice([0, 2, 3], count)) - 1.5) * LANE  # not the ego's own
    lane[cars:] = rng.choice([-8.5, 8.5], count - cars)
    speeds = np.where(np.arange(count) < cars, rng.choice([0.0, 3.0, 8.0, 12.0], count), 1.2) * np.sign(-lane)
    along = np.where(across, np.sign(-lane) * (20.0 + np.abs(along)), along)
    moved = along[:, None] + speeds[:, None] * TIMES
    xy = np.stack([moved, np.repeat(lane[:, None], 41, 1)], -1)
    poses = np.concatenate([np.where(across[:, None, None], xy[..., ::-1], xy), np.zeros((count, 41, 1))], -1)
    poses[across, :, 2] = np.pi / 2
    velocities = np.zeros((count, 41, 2))
    velocities[np.arange(count), :, across.astype(int)] = speeds[:, None]
    sizes = np.where(np.arange(count)[:, None] < cars, (4.6, 1.9, 1.6), (0.6, 0.6, 1.7))
    kinds = np.where(np.arange(count) < cars, ObjectKind.VEHICLE, ObjectKind.PEDESTRIAN).astype(np.int8)
    names = tuple(f"object-{m}" for m in range(count))
    return Tracks(names, kinds, sizes, poses, velocities, np.ones((count, 41), np.bool_))
