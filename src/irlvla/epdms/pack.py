"""Scenes laid end to end: a few long arrays that CPU and GPU read alike, and the way back to one scene."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.areas import MapAreas
from irlvla.epdms.collision import Objects
from irlvla.epdms.comfort import Past
from irlvla.epdms.compiled import compiled
from irlvla.epdms.compliance import RedLights
from irlvla.epdms.grid import PolygonGrid
from irlvla.epdms.progress import Centerline
from irlvla.epdms.truth import SceneArrays

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
AnyArray = NDArray[Any]


class PackedScenes(NamedTuple):
    """``S`` scenes laid end to end, each in its own ego frame of now.

    The first seven have a row a scene: ``spans [S, 21, 2]`` first and last-plus-one row of the scene's part of each of
    the arrays after them; time stamp [us]; pose ``[3]`` of now in the global frame; state ``[11]`` of now; lower left
    corner ``[2]`` and rows and columns ``[2]`` of the grid; metres along the centre line. The rest are the arrays of
    ``SceneArrays`` one scene after the other.
    """

    spans: IntArray
    t0_us: IntArray
    origin: FloatArray
    start: FloatArray
    grid_corner: FloatArray
    grid_shape: IntArray
    line_start: FloatArray

    cell_entries: AnyArray
    entry_polygon: AnyArray
    entry_anchor_inside: AnyArray
    entry_crossing: AnyArray
    crossing: AnyArray
    edges: AnyArray
    roles: AnyArray
    boxes: AnyArray
    half_sizes: AnyArray
    present: AnyArray
    standing: AnyArray
    penalty: AnyArray
    touching: AnyArray
    reach: AnyArray
    light_edges: AnyArray
    light_offsets: AnyArray
    red: AnyArray
    line: AnyArray
    line_blocks: AnyArray
    past_headings: AnyArray
    past_accelerations: AnyArray


ROWS: Final = PackedScenes._fields[:7]
PARTS: Final = PackedScenes._fields[7:]


@compiled
def scene_at(packed: PackedScenes, row: int) -> SceneArrays:
    """Scene ``row``, as views."""
    spans = packed.spans[row]
    grid = PolygonGrid(
        packed.grid_corner[row, 0],
        packed.grid_corner[row, 1],
        packed.grid_shape[row, 0],
        packed.grid_shape[row, 1],
        packed.cell_entries[spans[0, 0] : spans[0, 1]],
        packed.entry_polygon[spans[1, 0] : spans[1, 1]],
        packed.entry_anchor_inside[spans[2, 0] : spans[2, 1]],
        packed.entry_crossing[spans[3, 0] : spans[3, 1]],
        packed.crossing[spans[4, 0] : spans[4, 1]],
        packed.edges[spans[5, 0] : spans[5, 1]],
    )
    objects = Objects(
        packed.boxes[spans[7, 0] : spans[7, 1]],
        packed.half_sizes[spans[8, 0] : spans[8, 1]],
        packed.present[spans[9, 0] : spans[9, 1]],
        packed.standing[spans[10, 0] : spans[10, 1]],
        packed.penalty[spans[11, 0] : spans[11, 1]],
        packed.touching[spans[12, 0] : spans[12, 1]],
        packed.reach[spans[13, 0] : spans[13, 1]],
    )
    lights = RedLights(
        packed.light_edges[spans[14, 0] : spans[14, 1]],
        packed.light_offsets[spans[15, 0] : spans[15, 1]],
        packed.red[spans[16, 0] : spans[16, 1]],
    )
    centerline = Centerline(
        packed.line[spans[17, 0] : spans[17, 1]],
        packed.line_blocks[spans[18, 0] : spans[18, 1]],
        packed.line_start[row],
    )
    past = Past(
        packed.past_headings[spans[19, 0] : spans[19, 1]], packed.past_accelerations[spans[20, 0] : spans[20, 1]]
    )
    return SceneArrays(
        packed.t0_us[row],
        packed.origin[row],
        packed.start[row],
        MapAreas(grid, packed.roles[spans[6, 0] : spans[6, 1]]),
        objects,
        lights,
        centerline,
        past,
    )


def pack(scenes: Sequence[SceneArrays]) -> PackedScenes:
    """Lay scenes end to end."""
    parts = [_parts(scene) for scene in scenes]
    lengths = np.array([[len(array) for array in arrays] for arrays in parts], np.int64).reshape(-1, len(PARTS))
    ends = lengths.cumsum(0)
    grids = [scene.map_areas.grid for scene in scenes]
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return PackedScenes(
        np.stack([ends - lengths, ends], -1),
        np.array([scene.t0_us for scene in scenes], np.int64),
        np.stack([scene.origin for scene in scenes]),
        np.stack([scene.start for scene in scenes]),
        np.array([(grid.left, grid.bottom) for grid in grids]),
        np.array([(grid.rows, grid.columns) for grid in grids], np.int64),
        np.array([scene.centerline.start for scene in scenes]),
        *columns,
    )


def _parts(scene: SceneArrays) -> tuple[AnyArray, ...]:
    """The arrays of a scene in the order of :data:`PARTS`."""
    grid, roles = scene.map_areas
    return (*grid[4:], roles, *scene.objects, *scene.lights, *scene.centerline[:2], *scene.past)


def with_objects(packed: PackedScenes, objects: Sequence[Objects]) -> PackedScenes:
    """The one scene of ``packed`` once for each of ``objects``, which stand in place of its own; the rest is shared."""
    names = ("boxes", "half_sizes", "present", "standing", "penalty", "touching", "reach")
    columns: dict[str, Any] = {
        name: array.repeat(len(objects), 0) for name, array in zip(ROWS, packed[: len(ROWS)], strict=True)
    }
    ends = np.cumsum([len(each.reach) for each in objects])
    for name, parts in zip(names, zip(*objects, strict=True), strict=True):
        columns[name] = np.concatenate(parts)
        columns["spans"][:, PARTS.index(name)] = np.stack([np.append(0, ends[:-1]), ends], -1)
    return packed._replace(**columns)


def join(packs: Sequence[PackedScenes]) -> PackedScenes:
    """Packs one after the other."""
    columns = {name: np.concatenate([getattr(packed, name) for packed in packs]) for name in PackedScenes._fields}
    lengths = [[len(getattr(packed, name)) for name in PARTS] for packed in packs]
    shifts = np.cumsum([[0] * len(PARTS), *lengths[:-1]], axis=0)
    counts = [len(packed.t0_us) for packed in packs]
    columns["spans"] = columns["spans"] + shifts.repeat(counts, axis=0)[..., None]
    return PackedScenes(**columns)
