"""A batch of many learners from results to files, by the commands that a registrar types: seconds and memory of each.

`python -m benchmarks.batches [--learners N] [--keep FOLDER]`. The results are fabricated in nbgrader's gradebook and in our records, two assignments each.
Memory is the largest sum over all processes of a command of what each has for itself and its part of what they share (PSS), looked at every 50 ms.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from nbgrader.api import Grade, Student, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import insert, select

from autograder.evidence import end_run
from autograder.nbgrader_database import open_gradebook
from autograder.records import Attempt, GradingRun, Result, open_records
from benchmarks.measuring import print_table
from courses.nbgrader_course import open_course
from courses.settings import Site
from tests.small_site import COURSE, NOW, Someone, enter_results, released_site

_LOOK_EVERY_S = 0.05
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command took and said."""

    wall_s: float
    cpu_s: float
    peak_bytes: int
    said: str


def main() -> None:
    """Make the site, run the commands, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=20_000)
    parser.add_argument("--keep", type=Path, help="make the site here, and leave it")
    arguments = parser.parse_args()
    with _folder(arguments.keep) as folder:
        site = released_site(folder / "site", folder)
        enter_many(site, arguments.learners)
        _measure(site, arguments.learners)


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="patunay-batches-") as folder:
        yield Path(folder)


def _measure(site: Site, learners: int) -> None:
    ran = {
        "check": patunay(site, "batch", "check", COURSE, "--json"),
        "prepare": patunay(site, "batch", "prepare", COURSE, "--by", "Ana", "--json"),
    }
    batch = str(json.loads(ran["prepare"].said)["batch"])
    ran["approve"] = patunay(site, "batch", "approve", batch, "--by", "Ben")
    ran["issue"] = patunay(site, "batch", "issue", batch, "--json")
    ran["issue again"] = patunay(site, "batch", "issue", batch, "--json")
    written = sum(1 for each in os.scandir(site.root / "credentials") if each.name.endswith(".json"))
    if written != learners:
        raise SystemExit(f"{written} credentials are on the disk, not {learners}: {ran['issue'].said}")
    print_table(
        [f"{learners} learners", "wall s", "CPU s", "learners a second", "peak MiB"],
        [
            [f"batch {name}", f"{each.wall_s:.1f}", f"{each.cpu_s:.1f}", f"{learners / each.wall_s:,.0f}", f"{each.peak_bytes / 2**20:.0f}"]
            for name, each in ran.items()
        ],
    )


def patunay(site: Site, *arguments: str) -> Ran:
    """Run a command of ours on the site.

    Raises:
        SystemExit: it failed; with what it said.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started, peak = time.monotonic(), 0
        process = subprocess.Popen(
            [sys.executable, "-m", "portal.cli", *arguments], cwd=site.root, stdin=subprocess.DEVNULL, stdout=out, stderr=err
        )
        watched = psutil.Process(process.pid)
        while True:
            peak = max(peak, _memory(watched))
            done, status, usage = os.wait4(process.pid, os.WNOHANG)
            if done:
                break
            time.sleep(_LOOK_EVERY_S)
        wall = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            raise SystemExit(f"{' '.join(arguments)} failed ({process.returncode}):\n{err.read().decode(errors='replace')[-4000:]}")
        return Ran(wall, usage.ru_utime + usage.ru_stime, peak, out.read().decode())


def _memory(process: psutil.Process) -> int:
    total = 0
    with contextlib.suppress(psutil.Error):
        for each in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.Error, OSError):
                total += each.memory_full_info().pss
    return total


def enter_many(site: Site, count: int) -> None:
    """Write `count` learners who passed into nbgrader's gradebook and our records: one by nbgrader, the others as copies of its rows."""
    enter_results(site, (Someone("first", "Ligaya First"),))
    root = site.course_root(COURSE)
    with open_gradebook(open_course(root)) as gradebook, open_records(root) as session:
        grades, works, notebooks = _templates(gradebook.db)
        for start in range(1, count, _AT_ONCE):
            names = [f"learner{number:06}" for number in range(start, min(start + _AT_ONCE, count))]
            _enter_in_gradebook(gradebook.db, names, grades, works, notebooks)
            _enter_in_records(session, names)
        gradebook.db.commit()
        session.commit()
        for run in session.scalars(select(GradingRun).where(GradingRun.finished_at.is_(None))).all():
            end_run(session, run, "finished", now=NOW)


def _templates(database: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    def rows(model: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in database.execute(select(model.__table__)).mappings()]

    return rows(Grade), rows(SubmittedAssignment), rows(SubmittedNotebook)


def _enter_in_gradebook(
    database: Any, names: list[str], grades: list[dict[str, Any]], works: list[dict[str, Any]], notebooks: list[dict[str, Any]]
) -> None:
    rows: dict[Any, list[dict[str, Any]]] = {Student: [], SubmittedAssignment: [], SubmittedNotebook: [], Grade: []}
    for name in names:
        rows[Student].append({"id": name, "first_name": "Ligaya", "last_name": f"Numero {name}", "email": f"{name}@learners.example"})
        for work in works:
            new = uuid.uuid4().hex
            rows[SubmittedAssignment].append({**work, "id": new, "student_id": name})
            for notebook in (each for each in notebooks if each["assignment_id"] == work["id"]):
                place = uuid.uuid4().hex
                rows[SubmittedNotebook].append({**notebook, "id": place, "assignment_id": new})
                rows[Grade] += [
                    {**each, "id": uuid.uuid4().hex, "notebook_id": place} for each in grades if each["notebook_id"] == notebook["id"]
                ]
    for model, values in rows.items():
        database.execute(insert(model.__table__), values)


def _enter_in_records(session: Any, names: list[str]) -> None:
    """Copy the first learner's attempts and results."""
    for first, result in session.execute(
        select(Attempt, Result).join(Result, Result.attempt_id == Attempt.id).where(Attempt.learner == "first")
    ):
        run = _open_run(session, first.assignment, result.run)
        for name in names:
            digest = hashlib.sha256(f"{name} {first.assignment}".encode()).hexdigest()
            attempt = Attempt(**_values(first, "id", learner=name, origin=f"{name}+{first.assignment}", digest=digest))
            session.add(Result(**_values(result, "id", "attempt_id", "run_id"), attempt=attempt, run=run))
    session.commit()
    session.expunge_all()


def _open_run(session: Any, assignment: str, first: GradingRun) -> GradingRun:
    """Return a run for the copies; that of the first learner is finished, and nothing is added to it."""
    name = f"many-{assignment}"
    found = session.get(GradingRun, name)
    if found is None:
        found = GradingRun(**_values(first, "id", "finished_at", "outcome", "digest", id=name))
        session.add(found)
    return found


def _values(row: Any, *left_out: str, **changed: Any) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in row.__table__.columns if column.name not in left_out} | changed


if __name__ == "__main__":
    main()
