"""Scenes from above: map, traffic and what each agent means to drive, in the ego frame, forward being up."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.vehicle import HALF_LENGTH, HALF_WIDTH, REAR_TO_CENTRE
from irlvla.scene import Layer, LineKind, ObjectKind, Scene, SignalState
from irlvla.scene.frames import poses_to_local, to_local

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HUMAN = "human"
HUMAN_COLOUR = "#16191d"
PLAN_COLOURS = ("#e69f00", "#8f5fd0", "#0a78c2", "#d6365b", "#00996b", "#b0561f", "#45b6e8")

OFF_ROAD, ROAD, LANE, INTERSECTION, CARPARK = "#eceee6", "#d2d5da", "#dcdfe3", "#cfd2d8", "#dad7d0"
LAYERS = (
    ((Layer.DRIVABLE_AREA, Layer.ROADBLOCK), ROAD),
    ((Layer.CARPARK_AREA,), CARPARK),
    ((Layer.LANE,), LANE),
    ((Layer.INTERSECTION, Layer.LANE_CONNECTOR), INTERSECTION),
)
LINES = {
    LineKind.CENTERLINE: {"color": "#b9bfc8", "linewidth": 0.6, "linestyle": (0, (1, 3))},
    LineKind.ROAD_EDGE: {"color": "#8d949e", "linewidth": 1.3},
    LineKind.MARKING_WHITE_BROKEN: {"color": "#ffffff", "linewidth": 1.0, "linestyle": (0, (5, 4))},
    LineKind.MARKING_WHITE_SOLID: {"color": "#ffffff", "linewidth": 1.2},
    LineKind.MARKING_YELLOW_BROKEN: {"color": "#e3b540", "linewidth": 1.0, "linestyle": (0, (5, 4))},
    LineKind.MARKING_YELLOW_SOLID: {"color": "#e3b540", "linewidth": 1.2},
    LineKind.STOP_LINE: {"color": "#ffffff", "linewidth": 3.0},
}
OBJECTS = {
    ObjectKind.VEHICLE: "#7f93b2",
    ObjectKind.PEDESTRIAN: "#c2568f",
    ObjectKind.BICYCLE: "#35988a",
    ObjectKind.TRAFFIC_CONE: "#e07b39",
    ObjectKind.BARRIER: "#b9645a",
    ObjectKind.CZONE_SIGN: "#d9a23a",
    ObjectKind.GENERIC_OBJECT: "#a08f78",
}
RED = "#e5484d"
SIGNALS = {SignalState.RED: RED, SignalState.YELLOW: "#f2b632", SignalState.GREEN: "#2fa866"}
BUILDING = "#dcd8ce"
MOVED = 1.0
"""Objects that move less than this [m] in four seconds get no path."""


def plan_colours(names: Iterable[str]) -> dict[str, str]:
    """A colour for each plan, by the order of the names; the human's is always the same."""
    agents = [name for name in names if name != HUMAN]
    colours = {name: PLAN_COLOURS[k % len(PLAN_COLOURS)] for k, name in enumerate(agents)}
    return {HUMAN: HUMAN_COLOUR, **colours}


def draw(axes: "Axes", scene: Scene, plans: Mapping[str, NDArray[np.float64]], reach: float = 40.0) -> None:
    """Draw a scene and plans: from half of ``reach`` [m] behind to one and a half ahead, ``reach`` to either side.

    Args:
        axes: of a figure.
        scene: seen from above, as it is now; objects that move show where they go in the next four seconds.
        plans: poses ``[T, 3]`` in the ego frame by name, the pose of now left out. The human's is drawn dashed; it is
            taken from the scene where "human" is not among them.
        reach: half of what is seen [m].
    """
    axes.set_facecolor(OFF_ROAD)
    _draw_areas(axes, scene)
    _draw_buildings(axes, scene)
    _draw_lines(axes, scene)
    _draw_objects(axes, scene)
    _draw_signals(axes, scene)
    _draw_box(axes, np.array([REAR_TO_CENTRE, 0.0, 0.0]), 2 * HALF_LENGTH, 2 * HALF_WIDTH, HUMAN_COLOUR, 0.9)
    shown = dict(plans)
    if scene.truth.human is not None:
        shown.setdefault(HUMAN, scene.truth.human.poses)
    colours = plan_colours(plans)
    for name in sorted(shown, key=lambda name: name == HUMAN):
        _draw_plan(axes, shown[name], colours[name], dashed=name == HUMAN)
    axes.set(xlim=(-reach, reach), ylim=(-0.5 * reach, 1.5 * reach), xticks=[], yticks=[], aspect="equal")
    axes.spines[:].set_visible(False)
    _draw_scale(axes, reach)


def figure(
    scene: Scene,
    plans: Mapping[str, NDArray[np.float64]],
    path: Path | BinaryIO | None = None,
    reach: float = 40.0,
) -> "Figure":
    """A square figure of :func:`draw` alone, saved as PNG where ``path`` (or an open file) is given."""
    from matplotlib.figure import Figure

    result = Figure(figsize=(5, 5), dpi=150)
    draw(result.add_axes((0, 0, 1, 1)), scene, plans, reach)
    if path is not None:
        result.savefig(path, format="png")
    return result


def cameras_figure(images: NDArray[np.uint8], names: Iterable[str]) -> "Figure":
    """Pictures ``[C, H, W, 3]`` of all cameras under their names, as they look around the car (see :func:`around`)."""
    from matplotlib.figure import Figure

    names = list(names)
    places = around(names)
    rows, columns = (1 + max(place[k] for place in places.values()) for k in (0, 1))
    height, width = images.shape[1:3]
    result = Figure(figsize=(3.2 * columns, (3.2 * height / width + 0.3) * rows), dpi=150, layout="constrained")
    grid = result.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for image, name in zip(images, names, strict=True):
        axes = grid[places[name]]
        axes.imshow(image)
        axes.set_title(name, fontsize=8)
    return result


def around(names: list[str]) -> dict[str, tuple[int, int]]:
    """Row and column of each camera on a page: NAVSIM's eight around the car, others in rows of three."""
    seats = ("CAM_L0", "CAM_F0", "CAM_R0", "CAM_L1", "", "CAM_R1", "CAM_L2", "CAM_B0", "CAM_R2")
    order = seats if set(names) <= set(seats) else tuple(names)
    return {name: divmod(order.index(name), 3) for name in names}


def _up(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points ``[..., 2]`` of the ego frame on the page: forward is up, left is left."""
    return np.stack([-points[..., 1], points[..., 0]], -1)


def _draw_areas(axes: "Axes", scene: Scene) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    hdmap, ego = scene.truth.map, scene.truth.ego[:3]
    red = {light.connector for light in scene.truth.red_lights if light.red[0]}

    def patch(k: int, **style: object) -> None:
        holes = [hdmap.holes[h] for h in np.flatnonzero(hdmap.hole_owners == k)]
        rings = [Outline(np.vstack([_up(to_local(ring, ego)), [(0, 0)]]), closed=True) for ring in
                 [hdmap.polygons[k], *holes]]  # fmt: skip
        axes.add_patch(PathPatch(Outline.make_compound_path(*rings), linewidth=0, **style))

    for layers, colour in LAYERS:
        for k in hdmap.of_layer(*layers):
            patch(k, facecolor=colour)
    for k, name in enumerate(hdmap.ids):
        if name in red:
            patch(k, facecolor=RED, alpha=0.35)


def _draw_buildings(axes: "Axes", scene: Scene) -> None:
    buildings = scene.truth.map.buildings
    for pose, size in zip(poses_to_local(buildings[:, :3], scene.truth.ego[:3]), buildings[:, 3:5], strict=True):
        _draw_rectangle(axes, pose, *size, facecolor=BUILDING, edgecolor="#d3cfc4", linewidth=0.8)


def _draw_signals(axes: "Axes", scene: Scene) -> None:
    """The lights that are shown, where they stand."""
    if scene.truth.scenery is None or not len(scene.truth.scenery.signals):
        return
    signals = scene.truth.scenery.signals
    places = _up(to_local(signals[:, :2], scene.truth.ego[:3]))
    colours = [SIGNALS[SignalState(int(state))] for state in signals[:, 3]]
    axes.scatter(*places.T, s=16, c=colours, edgecolor=HUMAN_COLOUR, linewidth=0.6, zorder=4)


def _draw_lines(axes: "Axes", scene: Scene) -> None:
    hdmap, ego = scene.truth.map, scene.truth.ego[:3]
    for k in np.flatnonzero(hdmap.line_kinds == LineKind.CROSSWALK):
        outline = _up(to_local(hdmap.lines[k], ego))
        axes.fill(*outline.T, facecolor="none", edgecolor="#ffffff", hatch="|||", linewidth=1)
    for kind, style in LINES.items():
        for k in np.flatnonzero(hdmap.line_kinds == kind):
            axes.plot(*_up(to_local(hdmap.lines[k], ego)).T, solid_capstyle="butt", **style)
    route = _up(to_local(scene.truth.centerline[:, :2], ego))
    axes.plot(*route.T, color="#3f8f5f", alpha=0.22, linewidth=7, solid_capstyle="round")


def _draw_objects(axes: "Axes", scene: Scene) -> None:
    tracks, ego = scene.truth.tracks, scene.truth.ego[:3]
    poses = poses_to_local(tracks.poses, ego)
    for k in np.flatnonzero(tracks.valid[:, 0]):
        colour = OBJECTS[ObjectKind(tracks.kinds[k])]
        path = poses[k, tracks.valid[k], :2]
        if np.linalg.norm(path[-1] - path[0]) > MOVED:
            axes.plot(*_up(path).T, color=colour, linewidth=1.2, alpha=0.6)
        _draw_box(axes, poses[k, 0], tracks.sizes[k, 0], tracks.sizes[k, 1], colour, 1.0)


def _draw_box(
    axes: "Axes", pose: NDArray[np.float64], length: float, width: float, colour: str, opacity: float
) -> None:
    """A box with a pale windscreen line, so that its front is seen."""
    style = {"facecolor": colour, "edgecolor": "#ffffff", "linewidth": 0.6, "alpha": opacity, "zorder": 3}
    turn = _draw_rectangle(axes, pose, length, width, **style)
    screen = np.array([(0.2, 0.36), (0.34, 0), (0.2, -0.36)]) * (length, width) @ turn + pose[:2]
    axes.plot(*_up(screen).T, color="#ffffff", linewidth=0.9, alpha=0.9, zorder=3)


def _draw_rectangle(
    axes: "Axes", pose: NDArray[np.float64], length: float, width: float, **style: Any
) -> NDArray[np.float64]:
    """A filled rectangle; returns the matrix that turns its own directions to those of the ego frame."""
    cos, sin = np.cos(pose[2]), np.sin(pose[2])
    turn = np.array([[cos, sin], [-sin, cos]])
    corners = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)]) * (length / 2, width / 2) @ turn + pose[:2]
    axes.fill(*_up(corners).T, **style)
    return turn


def _draw_plan(axes: "Axes", poses: NDArray[np.float64], colour: str, dashed: bool) -> None:
    """A plan from the rear axle on, with a dot at its end and the pose of each half."""
    from matplotlib.patheffects import Normal, Stroke

    way = _up(np.vstack([[(0.0, 0.0)], poses[:, :2]]))
    style = {"linestyle": (0, (3, 1.6)), "linewidth": 1.8} if dashed else {"linewidth": 2.2}
    halo = [Stroke(linewidth=4.0, foreground="#ffffff", alpha=0.75), Normal()]
    axes.plot(*way.T, color=colour, zorder=5, solid_capstyle="round", path_effects=halo, **style)
    half = way[[len(way) // 2, -1]]
    axes.scatter(*half.T, s=(12, 26), color=colour, edgecolor="#ffffff", linewidth=0.8, zorder=6)


def _draw_scale(axes: "Axes", reach: float) -> None:
    """A bar of 10 m in the lower left corner."""
    x, y = -0.94 * reach, -0.44 * reach
    axes.plot([x, x + 10], [y, y], color=HUMAN_COLOUR, linewidth=1.6, solid_capstyle="butt", zorder=7)
    axes.text(x + 5, y + 0.02 * reach, "10 m", ha="center", va="bottom", fontsize=8, color=HUMAN_COLOUR, zorder=7)
