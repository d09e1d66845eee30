"""Small scenes made up for tests of all rooms."""

import numpy as np

from irlvla.scene import (
    Command,
    HDMap,
    Layer,
    LineKind,
    ObjectKind,
    Polylines,
    RedLight,
    Scene,
    SceneTruth,
    Tracks,
    Trajectory,
)


def rectangle(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    """Corners of an axis-aligned rectangle, counter-clockwise."""
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], float)


def straight_road() -> HDMap:
    """Two lanes of 3.5 m along x, 200 m long, the upper one oncoming, with markings, an edge each side and a zebra."""
    along = np.arange(-50.0, 151.0, 5.0)

    def line(y: float) -> np.ndarray:
        return np.stack([along, np.full_like(along, y)], -1)

    return HDMap(
        ids=("lane", "oncoming", "roadblock", "roadblock_oncoming"),
        layers=np.array([Layer.LANE, Layer.LANE, Layer.ROADBLOCK, Layer.ROADBLOCK], np.int8),
        polygons=Polylines.of(
            [
                rectangle(-50, -1.75, 150, 1.75),
                rectangle(-50, 1.75, 150, 5.25),
                rectangle(-50, -1.75, 150, 1.75),
                rectangle(-50, 1.75, 150, 5.25),
            ]
        ),
        lines=Polylines.of([line(0), line(3.5), line(1.75), line(-1.75), line(5.25), rectangle(40, -1.75, 43, 5.25)]),
        line_kinds=np.array(
            [
                LineKind.CENTERLINE,
                LineKind.CENTERLINE,
                LineKind.MARKING_YELLOW_BROKEN,
                LineKind.ROAD_EDGE,
                LineKind.ROAD_EDGE,
                LineKind.CROSSWALK,
            ],
            np.int8,
        ),
    )


def tracks(*objects: tuple[ObjectKind, float, float, float], steps: int = 41) -> Tracks:
    """Objects ``(kind, x, y, speed)`` that move along x from their place at time 0."""
    time = 0.1 * np.arange(steps)
    size = {ObjectKind.VEHICLE: (4.8, 2.0, 1.6), ObjectKind.PEDESTRIAN: (0.7, 0.7, 1.8)}
    n = len(objects)
    poses = np.zeros((n, steps, 3))
    velocities = np.zeros((n, steps, 2))
    for i, (_, x, y, speed) in enumerate(objects):
        poses[i, :, 0], poses[i, :, 1], velocities[i, :, 0] = x + speed * time, y, speed
    return Tracks(
        tokens=tuple(f"object{i}" for i in range(n)),
        kinds=np.array([o[0] for o in objects], np.int8),
        sizes=np.array([size.get(o[0], (0.5, 0.5, 0.9)) for o in objects], float).reshape(n, 3),
        poses=poses,
        velocities=velocities,
        valid=np.ones((n, steps), np.bool_),
    )


def scene(
    token: str = "made-up-0",
    speed: float = 8.0,
    objects: tuple[tuple[ObjectKind, float, float, float], ...] = ((ObjectKind.VEHICLE, 30.0, 0.0, 8.0),),
    hdmap: HDMap | None = None,
    log: str = "made-up",
    red: bool = False,
) -> Scene:
    """An ego at the origin that drives along x at a steady speed, as the human and the reference do."""
    time = 0.1 * np.arange(51)
    back = np.array([-1.5, -1.0, -0.5, 0.0])
    history = np.zeros((4, 7))
    history[:, 0], history[:, 3] = speed * back, speed
    reference = np.zeros((51, 3))
    reference[:, 0] = speed * time
    human = np.zeros((8, 3))
    human[:, 0] = speed * 0.5 * np.arange(1, 9)
    hdmap = hdmap or straight_road()
    centerline = np.zeros((201, 3))
    centerline[:, 0] = np.arange(-50.0, 151.0)
    truth = SceneTruth(
        t0_us=1_600_000_000_000_000,
        ego=np.array([0.0, 0, 0, speed, 0, 0, 0, 0, 0, 0, 0]),
        past=np.column_stack([back * 1e6, history]),
        map=hdmap,
        route=("lane",),
        centerline=centerline,
        speed_limit=13.4,
        tracks=tracks(*objects),
        red_lights=(RedLight("lane", np.arange(41) >= 20),) if red else (),
        reference=reference,
        reference_kind="human",
        human=Trajectory(human),
    )
    return Scene(token, log, "made-up", history, Command.STRAIGHT, truth=truth)
