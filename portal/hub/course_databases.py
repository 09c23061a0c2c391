"""Makes the databases of courses, as a program of its own: it runs as the site's Unix account, never as root, because a course's configuration is Python.

They are made before anybody needs them so that both the portal and the teachers can write them, whoever comes first.
"""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from courses.errors import SettingsError


def make_databases(course_roots: Sequence[Path], *, account: str) -> None:
    """Make the gradebook and the record of grading of each of these courses that lacks one, as the Unix user `account`. For root.

    Raises:
        SettingsError: it failed.
    """
    lacking = [str(root) for root in course_roots if not all((root / name).is_file() for name in ("gradebook.db", "grading.db"))]
    if not lacking:
        return
    person = pwd.getpwnam(account)
    done = subprocess.run(
        [sys.executable, "-m", "portal.hub.course_databases", *lacking],
        user=person.pw_uid,
        group=person.pw_gid,
        extra_groups=os.getgrouplist(account, person.pw_gid),
        umask=0o007,
        cwd="/",
        env={**os.environ, "HOME": person.pw_dir},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise SettingsError(
            f"the databases of courses could not be made: {lines[-1] if lines else done.returncode}",
            where=", ".join(lacking),
            remedy="`patunay doctor` says more.",
        )


def _make_here(course_roots: Sequence[str]) -> None:
    from autograder.nbgrader_database import open_gradebook
    from autograder.records import open_records
    from courses.nbgrader_course import open_course

    for root in map(Path, course_roots):
        with open_gradebook(open_course(root)), open_records(root):
            pass


if __name__ == "__main__":
    _make_here(sys.argv[1:])
