"""Layers of a GeoPackage in metres: SQLite tables whose geometries are well-known binary behind a short header."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from pyproj.exceptions import ProjError

from irlvla.errors import InputError

_MEND = "download the map again"
_POLYGONAL = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
_HEADER = 8  # bytes before the envelope: magic, version, flags, coordinate system
_ENVELOPES = (0, 32, 48, 48, 64)  # bytes of the envelope, by its code in the flags


@dataclass(frozen=True)
class VectorLayer:
    """The rows of one layer, ``n`` of them, by ascending key.

    Attributes:
        where: file and layer, for errors.
        ids: ``[n]`` int64 keys (``fid``).
        shapes: ``[n]`` shapely geometries without heights [m], or None.
        columns: values of each column that was asked for, None where there is none.
    """

    where: str
    ids: NDArray[np.int64]
    shapes: NDArray[np.object_]
    columns: dict[str, list[Any]]

    def whole_numbers(self, column: str) -> NDArray[np.int64]:
        """``[n]`` the column as whole numbers, -1 where it is empty; text and fractions count as in ``int(...)``.

        Raises:
            InputError: if something else is in it.
        """
        values = self.columns[column]
        try:
            return np.array([-1 if value is None or value == "" else int(value) for value in values], np.int64)
        except (TypeError, ValueError, OverflowError) as error:
            raise InputError(f"{self.where}, column {column}", "not whole numbers", _MEND) from error

    def numbers(self, column: str) -> NDArray[np.float64]:
        """``[n]`` the column as numbers, NaN where it is empty.

        Raises:
            InputError: if something else is in it.
        """
        values = self.columns[column]
        try:
            return np.array([np.nan if value is None or value == "" else float(value) for value in values], np.float64)
        except (TypeError, ValueError) as error:
            raise InputError(f"{self.where}, column {column}", "not numbers", _MEND) from error


def check_areas(shapes: NDArray[np.object_], layer: VectorLayer) -> NDArray[np.object_]:
    """The ``shapes [n]`` themselves, one for each row of ``layer``.

    Raises:
        InputError: if one of them is not an area; the row is named.
    """
    usable = np.isin(shapely.get_type_id(shapes), _POLYGONAL) & ~shapely.is_empty(shapes)
    if not usable.all():
        what = f"{layer.ids[int(np.argmin(usable))]} has no area, or more than one"
        raise InputError(layer.where, what, _MEND)
    return shapes


def read_layers(
    path: Path, wanted: Mapping[str, Sequence[str]], optional: Mapping[str, Sequence[str]]
) -> dict[str, VectorLayer]:
    """Layers of ``path`` in the projected system that its table ``meta`` names.

    Args:
        path: the file.
        wanted: columns of each layer that must be there.
        optional: columns of each layer that may be missing.

    Raises:
        InputError: if the file is no GeoPackage, or a layer, a column or a coordinate system is missing or unusable.
    """
    try:
        # "immutable" spares the locks that network file systems lack
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            source = _Source(database, path)
            known = source.names()
            missing = [name for name in wanted if name not in known]
            if missing:
                raise InputError(path, f"no layer {', '.join(missing)}", "take a map of nuPlan")
            chosen = {**wanted, **{name: columns for name, columns in optional.items() if name in known}}
            return {name: source.layer(name, columns) for name, columns in chosen.items()}
    except sqlite3.DatabaseError as error:
        raise InputError(path, f"not a GeoPackage that can be read ({error})", _MEND) from error


class _Source:
    """An open GeoPackage, and the ways from its coordinate systems to the projected one."""

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        self.database, self.path = database, path
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
        for table in ("gpkg_geometry_columns", "gpkg_spatial_ref_sys", "meta"):
            if table not in tables:
                raise InputError(path, f"not a GeoPackage of nuPlan: no table {table}", "take a map of nuPlan")
        self.projected = self._projected()
        self.ways: dict[int, pyproj.Transformer | None] = {}

    def names(self) -> set[str]:
        """Of all layers with geometries."""
        return {name for (name,) in self.database.execute("SELECT table_name FROM gpkg_geometry_columns")}

    def layer(self, name: str, columns: Sequence[str]) -> VectorLayer:
        """The layer ``name`` with these columns."""
        where = f"{self.path}, layer {name}"
        described = self.database.execute(f'PRAGMA table_info("{name}")').fetchall()
        missing = [column for column in columns if column not in {row[1] for row in described}]
        if missing:
            raise InputError(where, f"no column {', '.join(missing)}", "take a map of nuPlan")
        keys = [row[1] for row in described if row[5] == 1]  # name, place in the primary key
        query = "SELECT column_name, srs_id FROM gpkg_geometry_columns WHERE table_name = ?"
        geometry, srs = self.database.execute(query, (name,)).fetchone()
        if not keys:
            raise InputError(where, "no key", "take a map of nuPlan")
        selected = ", ".join(f'"{column}"' for column in (keys[0], geometry, *columns))
        rows = self.database.execute(f'SELECT {selected} FROM "{name}" ORDER BY "{keys[0]}"').fetchall()
        ids, blobs, *values = ([row[k] for row in rows] for k in range(len(columns) + 2))
        return VectorLayer(
            where=where,
            ids=np.array(ids, np.int64),
            shapes=_moved(_shapes(blobs, where), self._way(srs), where),
            columns=dict(zip(columns, values, strict=True)),
        )

    def _projected(self) -> pyproj.CRS:
        row = self.database.execute("SELECT value FROM meta WHERE key = 'projectedCoordSystem'").fetchone()
        try:
            return pyproj.CRS.from_user_input(row[0] if row else None)
        except ProjError as error:
            what = "the table meta names no projectedCoordSystem that is known"
            raise InputError(self.path, what, "take a map of nuPlan") from error

    def _way(self, srs: int) -> pyproj.Transformer | None:
        """From the system ``srs`` to the projected one, None if they are the same."""
        if srs not in self.ways:
            query = "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys"
            row = self.database.execute(f"{query} WHERE srs_id = ?", (srs,)).fetchone()
            try:
                authority, code, definition = row or ("NONE", srs, "undefined")
                coded = str(authority).upper() != "NONE" and code > 0
                system = pyproj.CRS.from_user_input(f"{authority}:{code}" if coded else definition)
            except ProjError as error:
                raise InputError(self.path, f"unknown coordinate system {srs}", _MEND) from error
            same = system.is_exact_same(self.projected)
            self.ways[srs] = None if same else pyproj.Transformer.from_crs(system, self.projected, always_xy=True)
        return self.ways[srs]


def _shapes(blobs: list[bytes | None], where: str) -> NDArray[np.object_]:
    """Geometries of GeoPackage blobs."""
    binary = np.empty(len(blobs), object)
    for k, blob in enumerate(blobs):
        if blob is not None:
            envelope = blob[3] >> 1 & 7 if blob[:2] == b"GP" and len(blob) > _HEADER else len(_ENVELOPES)
            if envelope >= len(_ENVELOPES):
                raise InputError(where, f"row {k} is not a geometry", _MEND)
            binary[k] = blob[_HEADER + _ENVELOPES[envelope] :]
    try:
        shapes: NDArray[np.object_] = shapely.force_2d(shapely.from_wkb(binary))
    except shapely.errors.ShapelyError as error:
        raise InputError(where, f"a geometry cannot be read ({error})", _MEND) from error
    return shapes


def _moved(shapes: NDArray[np.object_], way: pyproj.Transformer | None, where: str) -> NDArray[np.object_]:
    """The shapes in the projected system."""
    if way is not None:
        shapes = shapely.transform(shapes, lambda points: np.column_stack(way.transform(points[:, 0], points[:, 1])))
    if not np.isfinite(shapely.get_coordinates(shapes)).all():
        raise InputError(where, "coordinates that are no places on earth", _MEND)
    return shapes
