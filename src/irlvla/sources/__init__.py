"""Where scenes come from: recorded driving in foreign formats, and cameras for any recorded or made-up state."""

from irlvla.sources.importing import ImportReport, LogReport, Source, import_scenes
from irlvla.sources.render import observe, render
from irlvla.sources.submission import Submission, read_submission

__all__ = [
    "ImportReport", "LogReport", "Source", "Submission", "import_scenes", "observe", "read_submission", "render",
]  # fmt: skip
