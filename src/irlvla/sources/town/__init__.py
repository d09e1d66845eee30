"""The embedded world: roads, traffic, an expert, scenes, and the closed loop."""

from irlvla.sources.town.build import build_town
from irlvla.sources.town.log import Log, TownSettings, log_name, make_log
from irlvla.sources.town.making import SPLITS, TownReport, make_scenes
from irlvla.sources.town.network import Town
from irlvla.sources.town.settings import RoadSettings
from irlvla.sources.town.world import TrafficSettings, World

__all__ = [
    "SPLITS",
    "Log",
    "RoadSettings",
    "Town",
    "TownReport",
    "TownSettings",
    "TrafficSettings",
    "World",
    "build_town",
    "log_name",
    "make_log",
    "make_scenes",
]
