"""Progress bars: what is being done, how far it is, and the time left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Advance = Callable[[str], None]
"""Says that one more unit is done, with a few words on how it stands (may be empty)."""


@contextmanager
def progress(what: str, total: int, done: int = 0) -> Iterator[Advance]:
    """A bar on standard error for ``total`` units of which ``done`` are done already; yields what advances it.

    Where standard error is no terminal (a log file, CI), one line is written at the end in place of the bar.
    """
    console = Console(stderr=True)
    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(what, total=total, completed=done, note="")

        def advance(note: str = "") -> None:
            bar.update(task, advance=1, note=note)

        yield advance
