"""nuPlan's maps: whole cities read from GeoPackages, and on them routes and centre lines as the benchmark has them."""

from irlvla.sources.nuplan_map.centreline import CentreLine, centre_line
from irlvla.sources.nuplan_map.city import City, read_city
from irlvla.sources.nuplan_map.route import repaired_route, route_lanes
from irlvla.sources.nuplan_map.surroundings import RADIUS, Surroundings, surroundings

__all__ = [
    "RADIUS",
    "CentreLine",
    "City",
    "Surroundings",
    "centre_line",
    "read_city",
    "repaired_route",
    "route_lanes",
    "surroundings",
]
