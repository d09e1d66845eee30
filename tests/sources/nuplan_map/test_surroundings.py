"""What lies round a place, against a look at every shape of the city."""

from pathlib import Path

import numpy as np
import pytest
import shapely

from irlvla.scene import Layer
from irlvla.sources.nuplan_map import City, surroundings
from tests.sources.nuplan_map.streets import ORIGIN, grid


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    """A grid of 16 junctions with car parks and crosswalks."""
    streets, rng = grid(4), np.random.default_rng(0)
    corners = rng.uniform(-20, 320, (30, 2))
    streets.others["carpark_areas"] = ([shapely.box(*c, *(c + 15)) for c in corners], {"fid": range(1, 31)})
    streets.others["crosswalks"] = ([shapely.box(*c, *(c + 5)) for c in corners - 30], {"fid": range(1, 31)})
    return streets.written(tmp_path_factory.mktemp("maps"))


@pytest.mark.parametrize("radius", [0.5, 30.0, 100.0, 1000.0])
def test_what_touches_the_square_and_the_lanes_of_blocks_that_do(city: City, radius: float) -> None:
    rng, network = np.random.default_rng(int(radius)), city.network
    for centre in rng.uniform(-30, 330, (20, 2)) + ORIGIN:
        square = shapely.box(*(centre - radius), *(centre + radius))
        expected = {k for k in city.map.of_layer(Layer.ROADBLOCK, Layer.INTERSECTION, Layer.CARPARK_AREA)
                    if shapely.Polygon(city.map.polygons[k]).intersects(square)}  # fmt: skip
        for block, shape in enumerate(network.block_shapes):
            if shape.intersects(square):
                expected |= set(network.interior[block])
        found = surroundings(city, centre, radius)
        assert found.polygons.tolist() == sorted(expected)
        lines = [k for k, line in enumerate(city.map.lines) if shapely.LineString(line).intersects(square)]
        assert found.lines.tolist() == lines
        assert found.polygons.dtype == found.lines.dtype == np.int32


def test_the_square_reaches_a_hundred_metres_unless_told(city: City) -> None:
    centre = ORIGIN + 150
    assert surroundings(city, centre).polygons.tolist() == surroundings(city, centre, 100.0).polygons.tolist()


def test_far_from_the_city_there_is_nothing(city: City) -> None:
    found = surroundings(city, ORIGIN + 5000)
    assert len(found.polygons) == len(found.lines) == 0


def test_a_part_of_the_map_can_be_taken(city: City) -> None:
    found = surroundings(city, ORIGIN + 150)
    part = city.map.part(found.polygons, found.lines)
    assert len(part.ids) == len(found.polygons)
    lanes = part.of_layer(Layer.LANE, Layer.LANE_CONNECTOR)
    assert {part.ids[k] for k in part.links.ravel()} <= {part.ids[k] for k in lanes}


def test_a_city_without_intersections_and_car_parks(tmp_path: Path) -> None:
    streets = grid(2)
    streets.others["intersections"] = ([], {"fid": []})
    city = streets.written(tmp_path)
    assert set(city.map.layers[surroundings(city, ORIGIN).polygons]) == {
        Layer.LANE,
        Layer.LANE_CONNECTOR,
        Layer.ROADBLOCK,
    }
