"""NAVSIM's logs, maps, splits and second-stage scenes, read without its devkit."""

from irlvla.sources.navsim.importing import ACCOUNT, SplitReport, import_split
from irlvla.sources.navsim.places import Places
from irlvla.sources.navsim.sights import sights_of
from irlvla.sources.navsim.splits import Split, read_split

__all__ = ["ACCOUNT", "Places", "Split", "SplitReport", "import_split", "read_split", "sights_of"]
