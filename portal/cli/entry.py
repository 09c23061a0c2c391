"""Where the `patunay` program starts: looks at Python's version, runs the command, and turns what went wrong into words and an exit code.

Exit codes: 0 done, 1 a diagnosed problem, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import io
import sys

MINIMUM_PYTHON = (3, 11)


def run() -> None:
    """Run the `patunay` command and exit."""
    too_old = python_problem(sys.version_info[:3])
    if too_old:
        sys.exit(too_old)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that has no “ or ñ is no reason to stop
    try:
        from portal.cli.app import main

        code = main(sys.argv[1:])
    except KeyboardInterrupt:  # before there was anything to stop
        code = 130
    sys.exit(code)


def python_problem(version: tuple[int, ...]) -> str | None:
    """Return what to say to a Python that is too old, None if it is new enough."""
    if version[:2] >= MINIMUM_PYTHON:
        return None
    running, needed = ".".join(map(str, version)), ".".join(map(str, MINIMUM_PYTHON))
    return f"patunay: Python {running} is too old; {needed} or newer is needed.\nInstall it (Debian 12 has it: apt-get install python3 python3-venv) and make the environment anew."
