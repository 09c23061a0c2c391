"""A real PostgreSQL server for tests: a cluster of its own in a temporary folder, reached over a socket there and over nothing else."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

_PLACES = ("/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt/postgresql")


def find_programs() -> Path | None:
    """Return the folder with initdb and postgres, None if PostgreSQL is not installed."""
    found = [path.parent for place in _PLACES for path in Path(place).glob("**/bin/initdb")]
    if not found and (on_path := shutil.which("initdb")):
        found = [Path(on_path).parent]
    return max(found, default=None)


@contextlib.contextmanager
def running_server() -> Iterator[Path]:
    """Yield the folder of a running server's socket; it has no password and one user, `tester`."""
    programs = find_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed; get it with: apt-get install postgresql")
    user = None
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        names = {entry.pw_name for entry in pwd.getpwall()}
        user = "postgres" if "postgres" in names else "nobody"
    # A socket's path holds about 100 bytes: pytest's folders are too deep.
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        if user:
            entry = pwd.getpwnam(user)
            os.chown(place, entry.pw_uid, entry.pw_gid)
        place.chmod(0o755)
        data = place / "data"
        quiet = {"check": True, "capture_output": True, "cwd": "/", "user": user, "group": pwd.getpwnam(user).pw_gid if user else None}
        subprocess.run([programs / "initdb", "--auth=trust", "--username=tester", "--encoding=UTF8", "--no-sync", data], **quiet)  # type: ignore[call-overload]  # options from a dictionary
        control = [programs / "pg_ctl", f"--pgdata={data}", "--wait", "--timeout=300"]
        options = f"-k {place} -c listen_addresses='' -c fsync=off -c max_connections=50"
        subprocess.run(
            [*control, f"--log={place / 'log'}", f"--options={options}", "start"],
            **{**quiet, "capture_output": False, "stdout": subprocess.DEVNULL},
        )  # type: ignore[call-overload]
        try:
            yield place
        finally:
            subprocess.run([*control, "--mode=immediate", "stop"], **quiet)  # type: ignore[call-overload]


def new_database(socket: Path) -> str:
    """Make an empty database and return its SQLAlchemy address."""
    import psycopg

    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(f"host={socket} user=tester dbname=postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return f"postgresql+psycopg://tester@/{name}?host={socket}"
