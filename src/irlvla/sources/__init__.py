"""Where scenes come from: recorded driving in foreign formats, and cameras for any recorded or made-up state."""

from irlvla.sources.importing import ImportReport, LogReport, Source, import_scenes
from irlvla.sources.render import observe, render

__all__ = ["ImportReport", "LogReport", "Source", "import_scenes", "observe", "render"]
