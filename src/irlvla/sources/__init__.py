"""Where scenes come from: recorded driving in foreign formats, and cameras for any recorded or made-up state."""

from irlvla.sources.importing import ImportReport, LogReport, Source, import_scenes
from irlvla.sources.point_cloud import read_points
from irlvla.sources.render import observe, render
from irlvla.sources.submission import Submission, Team, read_submission
from irlvla.sources.submission_writing import write_submission, write_submission_v1

__all__ = [
    "ImportReport", "LogReport", "Source", "Submission", "Team", "import_scenes", "observe", "read_points",
    "read_submission",
    "render", "write_submission", "write_submission_v1",
]  # fmt: skip
