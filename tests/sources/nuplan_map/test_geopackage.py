"""Layers of GeoPackages, against GDAL's own reader and by hand."""

import hashlib
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import numpy as np
import pyproj
import pytest
import shapely

from irlvla.errors import InputError
from irlvla.sources.nuplan_map.geopackage import VectorLayer, read_layers
from tests.sources.nuplan_map.geopackages import BOSTON, DEGREES, write_geopackage

EAST, NORTH = 331_000.0, 4_690_000.0
SHAPES = [
    shapely.box(EAST, NORTH, EAST + 10.0, NORTH + 5.0),
    shapely.Polygon(
        [(EAST, NORTH), (EAST + 30, NORTH), (EAST, NORTH + 30)],
        [[(EAST + 3, NORTH + 3), (EAST + 9, NORTH + 3), (EAST + 3, NORTH + 9)]],
    ),
    shapely.LineString([(EAST, NORTH), (EAST + 7.0, NORTH + 3.0), (EAST + 8.0, NORTH)]),
    shapely.MultiPolygon([shapely.box(EAST + 2 * k, NORTH, EAST + 2 * k + 1, NORTH + 1) for k in range(2)]),
]
COLUMNS = {
    "fid": [7, 3, 12, 5],
    "speed": [None, 2.5, 8.0, 11.25],
    "group": [4, None, 6, 4],
    "text": ["1,2", "", None, "x"],
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """One layer of four rows, written out of order."""
    write_geopackage(tmp_path / "map.gpkg", {"things": (SHAPES, COLUMNS), "none": ([], {"fid": [], "group": []})})
    return tmp_path / "map.gpkg"


def things(path: Path, columns: tuple[str, ...] = ()) -> VectorLayer:
    """The layer of that name."""
    return read_layers(path, {"things": columns}, {})["things"]


def test_reads_what_gdal_reads(package: Path) -> None:
    raw = pytest.importorskip("pyogrio.raw")
    layer = things(package, ("speed", "group", "text"))
    meta, fids, blobs, fields = raw.read(package, layer="things", return_fids=True)
    np.testing.assert_array_equal(layer.ids, fids)
    way = pyproj.Transformer.from_crs(meta["crs"], BOSTON, always_xy=True)
    for shape, blob in zip(layer.shapes, blobs, strict=True):
        degrees = shapely.get_coordinates(shapely.from_wkb(blob))
        np.testing.assert_array_equal(shapely.get_coordinates(shape), np.column_stack(way.transform(*degrees.T)))
        assert shape.geom_type == shapely.from_wkb(blob).geom_type
    columns = dict(zip(meta["fields"], fields, strict=True))
    np.testing.assert_array_equal(layer.numbers("speed"), columns["speed"])
    np.testing.assert_array_equal(layer.numbers("group"), columns["group"])
    assert layer.columns["text"] == columns["text"].tolist()


def test_rows_come_in_the_order_of_their_keys_and_in_metres(package: Path) -> None:
    layer = things(package, ("speed", "group"))
    assert layer.ids.tolist() == [3, 5, 7, 12]
    for k, fid in enumerate(layer.ids.tolist()):
        written = SHAPES[COLUMNS["fid"].index(fid)]
        assert shapely.equals_exact(layer.shapes[k], written, tolerance=1e-6)
    np.testing.assert_array_equal(layer.numbers("speed"), [2.5, 11.25, np.nan, 8.0])
    assert layer.whole_numbers("group").tolist() == [-1, 4, 4, 6]


def test_an_empty_layer_has_no_rows(package: Path) -> None:
    layer = read_layers(package, {"none": ("group",)}, {})["none"]
    assert len(layer.ids) == len(layer.shapes) == 0
    assert layer.whole_numbers("group").shape == layer.numbers("group").shape == (0,)


def test_optional_layers_may_be_missing(package: Path) -> None:
    assert set(read_layers(package, {"things": ()}, {"none": ("group",), "walkways": ("kind",)})) == {"things", "none"}


def test_what_is_stored_in_the_projected_system_stays_as_it_is(tmp_path: Path) -> None:
    write_geopackage(tmp_path / "map.gpkg", {"things": (SHAPES, COLUMNS)}, stored=BOSTON)
    layer = things(tmp_path / "map.gpkg")
    assert all(shape == SHAPES[COLUMNS["fid"].index(fid)] for fid, shape in zip(layer.ids, layer.shapes, strict=True))


def test_another_projected_system_is_brought_to_the_named_one(tmp_path: Path) -> None:
    write_geopackage(tmp_path / "map.gpkg", {"things": (SHAPES, COLUMNS)}, stored="EPSG:32618")
    layer = things(tmp_path / "map.gpkg")
    assert shapely.equals_exact(layer.shapes[0], SHAPES[1], tolerance=1e-5)


def test_a_system_without_authority_is_taken_by_its_definition(package: Path) -> None:
    _change(package, "UPDATE gpkg_spatial_ref_sys SET organization = 'NONE'")
    assert shapely.equals_exact(things(package).shapes[0], SHAPES[1], tolerance=1e-6)


def test_whole_numbers_may_be_written_as_text_or_fractions(package: Path) -> None:
    _change(package, """UPDATE things SET "text" = '41', speed = 6.0""")
    layer = things(package, ("text", "speed"))
    assert set(layer.whole_numbers("text")) == {41}
    assert set(layer.whole_numbers("speed")) == {6}
    assert set(layer.numbers("text")) == {41.0}


@pytest.mark.parametrize("envelope", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("order", ["<", ">"])
def test_headers_with_and_without_envelope_in_both_byte_orders(package: Path, envelope: int, order: str) -> None:
    line = shapely.LineString([(-71.0, 42.0), (-71.0, 42.1)])
    bounds = [0.0] * (0, 4, 6, 6, 8)[envelope]
    flags = (order == "<") | envelope << 1
    header = struct.pack(f"{order}2sBBi{len(bounds)}d", b"GP", 0, flags, 4326, *bounds)
    _change(package, "UPDATE things SET geom = ?", header + shapely.to_wkb(line, byte_order=int(order == "<")))
    expected = pyproj.Transformer.from_crs(DEGREES, BOSTON, always_xy=True).transform([-71.0, -71.0], [42.0, 42.1])
    np.testing.assert_array_equal(shapely.get_coordinates(things(package).shapes[2]), np.column_stack(expected))


def test_heights_are_dropped_and_rows_without_geometry_kept(package: Path) -> None:
    line = shapely.LineString([(-71.0, 42.0, 5.0), (-71.0, 42.1, 6.0)])
    _change(package, "UPDATE things SET geom = ? WHERE fid = 3", struct.pack("<2sBBi", b"GP", 0, 1, 4326) + line.wkb)
    _change(package, "UPDATE things SET geom = NULL WHERE fid = 5")
    shapes = things(package).shapes
    assert not shapes[0].has_z
    assert shapes[1] is None


def test_the_file_is_left_as_it_was(package: Path) -> None:
    before = hashlib.sha256(package.read_bytes()).hexdigest()
    package.chmod(0o444)
    things(package)
    assert hashlib.sha256(package.read_bytes()).hexdigest() == before
    assert [path.name for path in package.parent.iterdir()] == [package.name]


def test_paths_may_hold_any_signs(package: Path) -> None:
    odd = package.with_name("a map?#%20 of 'Boston'.gpkg")
    package.rename(odd)
    assert len(things(odd).ids) == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("UPDATE things SET \"group\" = 'north'", "column group: not whole numbers"),
        ("UPDATE things SET speed = 'fast'", "column speed: not numbers"),
        ("UPDATE things SET geom = x'0102030405060708090a'", "row 0 is not a geometry"),
        ("UPDATE things SET geom = substr(geom, 1, 60)", "cannot be read"),
        ("UPDATE meta SET value = 'EPSG:0'", "projectedCoordSystem"),
        ("DELETE FROM meta", "projectedCoordSystem"),
        ("DROP TABLE meta", "no table meta"),
        ("DROP TABLE gpkg_geometry_columns", "no table gpkg_geometry_columns"),
        ("DELETE FROM gpkg_spatial_ref_sys", "unknown coordinate system 4326"),
        ("ALTER TABLE things DROP COLUMN speed", "layer things: no column speed"),
        ("DELETE FROM gpkg_geometry_columns WHERE table_name = 'things'", "no layer things"),
        ("DROP TABLE things", "layer things: no column speed, group"),
    ],
)
def test_what_cannot_be_used_is_named(package: Path, change: str, message: str) -> None:
    _change(package, change)
    with pytest.raises(InputError, match=message):
        _used(package)


def test_places_beyond_the_earth_are_refused(package: Path) -> None:
    away = struct.pack("<2sBBi", b"GP", 0, 1, 4326) + shapely.LineString([(0.0, 900.0), (1.0, 900.0)]).wkb
    _change(package, "UPDATE things SET geom = ?", away)
    with pytest.raises(InputError, match="no places on earth"):
        things(package)


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "map.gpkg").write_bytes(content)
    with pytest.raises(InputError, match="not a GeoPackage"):
        things(tmp_path / "map.gpkg")


def _used(package: Path) -> None:
    layer = things(package, ("speed", "group"))
    layer.whole_numbers("group")
    layer.numbers("speed")


def _change(path: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(statement, values)
