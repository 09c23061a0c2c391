"""Reading a gradebook of many learners into a pandas frame: ours beside `nbgrader export` and nbgrader's `Gradebook` API, on SQLite and PostgreSQL.

`python -m benchmarks.gradebook [--learners N …] [--no-postgresql] [--no-nbgrader]`. The rows are fabricated: three assignments of eight graded cells, one of
them marked by hand; one learner in ten has not handed in the third. Every number is measured at the size that it stands beside; nothing is extrapolated.

What each reads:
    nbgrader export: a score a learner and assignment, by the command, and that CSV into a frame; what was not graded is 0.0 there
    submission_dicts: the same scores by the API's quickest way, one call an assignment; only what was handed in
    API, learner by learner: the loop of nbgrader's documentation, `find_submission` for each
    one SQL query: the same scores and no more, added up by the database; nothing that we offer, but the least that any reader has to do
    ours, read_gradebook: every cell and every assignment with its state, our record of the run beside it; no score that is not decided. It reads eight times
    as many rows as the others, and a second database

Both wall time and processor time are told, since other programs may run on the machine; the ratio is of processor time on SQLite, where everything happens in
one process, and of wall time on PostgreSQL, whose server works too.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from nbgrader.api import MissingEntry
from sqlalchemy import create_engine

from autograder.gradebook import read_gradebook
from autograder.nbgrader_database import open_gradebook
from benchmarks.gradebook_rows import ASSIGNMENTS, CELLS, enter_gradebook
from benchmarks.measuring import PROGRAMS, Cost, print_table, run_measured
from courses.nbgrader_course import NbgraderCourse, open_course


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read the gradebook."""

    name: str
    read: Callable[[NbgraderCourse], pd.DataFrame]
    repeats: int = 1


def main() -> None:
    """Make the gradebooks, read them, print a table of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--no-postgresql", action="store_true")
    parser.add_argument("--no-nbgrader", action="store_true", help="only ours: no ratios")
    arguments = parser.parse_args()
    with _databases(postgresql=not arguments.no_postgresql) as databases:
        for learners in arguments.learners:
            for kind, new in databases.items():
                with tempfile.TemporaryDirectory(prefix="patunay-gradebook-") as folder:
                    course = _course(Path(folder), new)
                    enter_gradebook(course, learners)
                    _measure(course, kind, learners, with_nbgrader=not arguments.no_nbgrader)


@contextlib.contextmanager
def _databases(*, postgresql: bool) -> Iterator[dict[str, Callable[[], str] | None]]:
    """Yield how an address of an empty database is made, by kind; None: the files that nbgrader makes."""
    from tests.postgresql_server import find_programs, new_database, running_server

    if not postgresql:
        yield {"SQLite": None}
    elif find_programs() is None:
        print("PostgreSQL is not installed: SQLite alone is measured.", file=sys.stderr)  # noqa: T201
        yield {"SQLite": None}
    else:
        with running_server() as socket:
            yield {"SQLite": None, "PostgreSQL": lambda: new_database(socket)}


def _course(folder: Path, new: Callable[[], str] | None) -> NbgraderCourse:
    lines = ["c = get_config()", "c.CourseDirectory.course_id = 'many'"]
    if new is not None:
        lines += [f"c.CourseDirectory.db_url = {new()!r}", f"c.GradingRecords.url = {new()!r}"]
    (folder / "nbgrader_config.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return open_course(folder)


def _measure(course: NbgraderCourse, kind: str, learners: int, *, with_nbgrader: bool) -> None:
    costs: dict[str, tuple[Cost, int]] = {}
    for each in (*_THEIRS, *_OURS) if with_nbgrader else _OURS:
        cost, rows = min((_read(each, course) for _ in range(each.repeats)), key=lambda read: read[0].wall_s)
        costs[each.name] = cost, rows
        print(f"  {kind}, {learners} learners: {each.name}: {cost.wall_s:.2f} s, CPU {cost.cpu_s:.2f} s", file=sys.stderr)  # noqa: T201
    theirs = costs.get(_THEIRS[0].name)
    table = []
    for name, (cost, rows) in costs.items():
        ratios = ["", ""] if theirs is None else [f"{theirs[0].wall_s / cost.wall_s:,.0f}", f"{theirs[0].cpu_s / cost.cpu_s:,.0f}"]
        table.append([name, f"{cost.wall_s:.2f}", f"{cost.cpu_s:.2f}", f"{rows:,}", *ratios])
    title = f"{kind}, {learners} learners x {len(ASSIGNMENTS)} assignments x {len(CELLS)} cells"
    print_table([title, "wall s", "CPU s", "rows", "faster than export, wall", "CPU"], table)
    print()  # noqa: T201


def _read(reading: Reading, course: NbgraderCourse) -> tuple[Cost, int]:
    """Return what a reading took, of this process and the commands that it ran, and how many rows it gave."""
    wall, before = time.monotonic(), os.times()
    frame = reading.read(course)
    after = os.times()
    return Cost(time.monotonic() - wall, sum(after[:4]) - sum(before[:4])), len(frame)


def _export(course: NbgraderCourse) -> pd.DataFrame:
    target = course.root / "grades.csv"
    run_measured([str(PROGRAMS / "nbgrader"), "export", f"--to={target}"], course.root)
    return pd.read_csv(target)


def _submission_dicts(course: NbgraderCourse) -> pd.DataFrame:
    with open_gradebook(course) as gradebook:
        return pd.DataFrame([row for name in ASSIGNMENTS for row in gradebook.submission_dicts(name)])


def _documented_loop(course: NbgraderCourse) -> pd.DataFrame:
    """As in nbgrader's user guide, "Exporting grades": a dictionary a learner and assignment, a score of 0.0 for what is missing."""
    grades: list[dict[str, Any]] = []
    with open_gradebook(course) as gradebook:
        for assignment in gradebook.assignments:
            for student in gradebook.students:
                score = {"max_score": assignment.max_score, "student": student.id, "assignment": assignment.name}
                try:
                    submission = gradebook.find_submission(assignment.name, student.id)
                except MissingEntry:
                    score["score"] = 0.0
                else:
                    score["score"] = submission.score
                grades.append(score)
    return pd.DataFrame(grades).set_index(["student", "assignment"]).sort_index()


def _one_query(course: NbgraderCourse) -> pd.DataFrame:
    engine = create_engine(course.database_url)
    try:
        with engine.connect() as connection:
            return pd.read_sql_query(_SCORES, connection)
    finally:
        engine.dispose()


_SCORES = """
SELECT submitted_assignment.student_id AS learner, assignment.name AS assignment,
       SUM(COALESCE(grade.manual_score, grade.auto_score, 0) + COALESCE(grade.extra_credit, 0)) AS score
FROM grade
JOIN submitted_notebook ON submitted_notebook.id = grade.notebook_id
JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id
JOIN assignment ON assignment.id = submitted_assignment.assignment_id
GROUP BY submitted_assignment.student_id, assignment.name
"""
_THEIRS = (
    Reading("nbgrader export", _export),
    Reading("nbgrader API, find_submission a learner", _documented_loop),
    Reading("nbgrader API, submission_dicts", _submission_dicts),
)
_OURS = (
    Reading("one SQL query of the scores alone", _one_query, repeats=3),
    Reading("ours, read_gradebook", lambda course: read_gradebook(course).cells, repeats=3),
)


if __name__ == "__main__":
    main()
