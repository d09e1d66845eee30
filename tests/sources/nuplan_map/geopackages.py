"""Writes GeoPackages as nuPlan's maps are: layers in degrees, and a table that names the projected system."""

import json
import sqlite3
import struct
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

Layers = Mapping[str, tuple[Sequence[BaseGeometry | None], Mapping[str, Sequence[Any]]]]
"""Name of each table, and its geometries [m] and columns; the column ``fid`` is the table's key."""

DEGREES, BOSTON = "EPSG:4326", "EPSG:32619"
VERSIONS = "nuplan-maps-v1.0.json"

_TABLES = """
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
    organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
    description TEXT DEFAULT '', last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER);
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL,
    geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
    PRIMARY KEY (table_name, column_name));
"""


def write_city(maps_root: Path, name: str, version: str, layers: Layers, projected: str = BOSTON) -> Path:
    """Write the map of a city where nuPlan has it under ``maps_root``, and enter it among the versions."""
    path = maps_root / name / version / "map.gpkg"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_geopackage(path, layers, projected)
    index = maps_root / VERSIONS
    known = json.loads(index.read_text()) if index.exists() else {}
    known[name] = {"version": version, "layers": {table: {} for table in layers}}
    index.write_text(json.dumps(known))
    return path


def write_geopackage(path: Path, layers: Layers, projected: str = BOSTON, stored: str = DEGREES) -> None:
    """Write a GeoPackage of ``layers``, given in metres of the system ``projected``, with coordinates in ``stored``."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"PRAGMA application_id = {0x47504B47}")
        database.execute("PRAGMA user_version = 10200")
        database.executescript(_TABLES)
        crs = pyproj.CRS(stored)
        authority, code = crs.to_authority()
        entry = (crs.name, int(code), authority, int(code), crs.to_wkt())
        database.execute("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, NULL)", entry)
        database.execute("CREATE TABLE meta (fid INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT, value TEXT)")
        database.execute("INSERT INTO meta (key, value) VALUES ('projectedCoordSystem', ?)", (projected,))
        database.execute("INSERT INTO gpkg_contents (table_name, data_type) VALUES ('meta', 'attributes')")
        transformer = pyproj.Transformer.from_crs(projected, stored, always_xy=True)
        for table, (geometries, columns) in layers.items():
            _write_layer(database, table, _moved(geometries, transformer), columns, int(code))


def _write_layer(
    database: sqlite3.Connection, table: str, geometries: np.ndarray, columns: Mapping[str, Sequence[Any]], srs: int
) -> None:
    others = {name: [_plain(value) for value in values] for name, values in columns.items() if name != "fid"}
    declared = "".join(f', "{name}" {_type(values)}' for name, values in others.items())
    database.execute(f'CREATE TABLE "{table}" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom BLOB{declared})')
    low_high = shapely.total_bounds(geometries).tolist() if len(geometries) else [None] * 4
    database.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, min_x, min_y, max_x, max_y, srs_id)"
        " VALUES (?, 'features', ?, ?, ?, ?, ?, ?)",
        (table, table, *low_high, srs),
    )
    database.execute("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', 'GEOMETRY', ?, 0, 0)", (table, srs))
    fids = [_plain(fid) for fid in columns["fid"]]
    rows = zip(fids, (_blob(geometry, srs) for geometry in geometries), *others.values(), strict=True)
    names = ", ".join(f'"{name}"' for name in ("fid", "geom", *others))
    marks = ", ".join("?" * (len(others) + 2))
    database.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', rows)


def _moved(geometries: Sequence[BaseGeometry | None], transformer: pyproj.Transformer) -> np.ndarray:
    shapes = np.empty(len(geometries), object)
    shapes[:] = list(geometries)
    return shapely.transform(shapes, lambda points: np.column_stack(transformer.transform(*points.T)))


def _blob(geometry: BaseGeometry | None, srs: int) -> bytes | None:
    """A geometry with its header: little-endian, with the envelope that GDAL writes too (x, x, y, y)."""
    if geometry is None:
        return None
    west, south, east, north = geometry.bounds
    return struct.pack("<2sBBi4d", b"GP", 0, 0b11, srs, west, east, south, north) + shapely.to_wkb(geometry)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _type(values: Sequence[Any]) -> str:
    kinds = {type(value) for value in values if value is not None}
    if str in kinds:
        return "TEXT"
    return "REAL" if float in kinds else "INTEGER"
