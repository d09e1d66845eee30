"""The command line: which command there is, and how its end is told."""

import sys
from typing import Any

import tyro

from irlvla import __version__
from irlvla.commands import agents, judge, speed, stores
from irlvla.errors import InputError


def data() -> int:
    """Scene stores: import, make, info, verify."""
    return run(["data", "--help"])


def epdms() -> int:
    """The judge: score, check, bench."""
    return run(["epdms", "--help"])


def bench() -> int:
    """How fast it is: town, render."""
    return run(["bench", "--help"])


COMMANDS: dict[str, Any] = {
    "quickstart": agents.quickstart, "data": data, "evaluate": agents.evaluate, "submit": agents.submit,
    "preflight": agents.preflight, "epdms": epdms, "bench": bench, "doctor": judge.doctor,
}  # fmt: skip
GROUPS: dict[str, dict[str, Any]] = {
    "bench": {"town": speed.town, "render": speed.render},
    "data": {"import": stores.import_logs, "make": stores.make, "info": stores.info, "verify": stores.verify},
    "epdms": {"score": judge.score, "check": judge.check, "bench": judge.bench},
}


def run(arguments: list[str]) -> int:
    """Parse and call one command; returns its exit status."""
    if arguments[:3] == ["data", "import", "navsim"]:  # it has a split and three places where other sources have one
        return int(tyro.cli(stores.import_navsim, prog="irlvla data import navsim", args=arguments[3:]))
    group = arguments[0] if arguments and arguments[0] in GROUPS else None
    if group and len(arguments) > 1:
        status = tyro.extras.subcommand_cli_from_dict(GROUPS[group], prog=f"irlvla {group}", args=arguments[1:])
    else:
        status = tyro.extras.subcommand_cli_from_dict(COMMANDS, prog="irlvla", args=arguments)
    return int(status)


def main() -> None:
    """Entry point; exit status 0, 1 (it ran, the answer is bad) or 2 (it could not; one line says why)."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        print(f"irlvla {__version__}")
        return
    try:
        status = run(arguments)
    except InputError as error:
        print(f"irlvla: {error}", file=sys.stderr)
        status = 2
    except KeyboardInterrupt:
        print("irlvla: stopped; call it again to go on", file=sys.stderr)
        status = 130
    sys.exit(status)


if __name__ == "__main__":
    main()
