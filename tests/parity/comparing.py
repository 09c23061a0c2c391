"""Grades a course three ways, by nbgrader, by us in compat and by us sealed, and says where the verdicts differ."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import nbformat
from nbgrader.api import Gradebook

from autograder.execution.engines import Assurance, EngineRoom
from autograder.grading import GradingOptions, grade_assignment
from autograder.planning import read_plan
from autograder.records import Attempt as AttemptRow
from autograder.records import open_records, standing_result
from courses.nbgrader_course import open_course
from courses.release import nbgrader_environment
from tests.parity.courses_made import make_course
from tests.parity.reading import Assignment

Row = tuple[str, str, str]
"""Learner, notebook, cell; empty where the row is about all of them."""
Outcome = Literal["equal", "manual", "false pass", "false fail", "looks different"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one test cell of one submission."""

    score: float | None
    has_failed: bool
    """Whether its outputs show an error or anything on stderr."""
    note: str = ""
    is_sealed: bool = True


@dataclass(frozen=True, slots=True)
class Difference:
    """One test cell of one submission on which sealed grading says something else than nbgrader."""

    assignment: str
    learner: str
    cell: str
    outcome: Outcome
    theirs: float | None
    ours: float | None
    note: str

    def __str__(self) -> str:
        return f"{self.assignment}/{self.learner}/{self.cell}: {self.outcome}: nbgrader {self.theirs}, sealed {self.ours}: {self.note}"


@dataclass(slots=True)
class Comparison:
    """What one assignment showed."""

    assignment: str
    test_cells: int = 0
    submissions: int = 0
    compat_rows: int = 0
    compat_differences: list[str] = field(default_factory=list)
    verdicts: int = 0
    """Of test cells, sealed against nbgrader; cheats and what nbgrader lost left out."""
    passed: int = 0
    """How many of them earn full marks in nbgrader."""
    differences: list[Difference] = field(default_factory=list)
    unsealed: dict[str, str] = field(default_factory=dict)
    """By learner and cell, why an equal verdict is not sealed."""
    own_operators: dict[str, str] = field(default_factory=dict)
    """Likewise, where the test compares objects of a class that the reference solution defines: this is what it tests."""
    causes: dict[str, str] = field(default_factory=dict)
    """By test cell, why the rehearsal calls it anything but sealed."""
    cheats: dict[str, tuple[float, float]] = field(default_factory=dict)
    """By cheating submission, the points of its test cells in nbgrader and here."""

    @property
    def false_passes(self) -> list[str]:
        """Marks here for what nbgrader gives less for."""
        return [str(each) for each in self.differences if each.outcome == "false pass"]

    @property
    def own_operator_cells(self) -> set[str]:
        """The test cells whose subject is the learner's own operators."""
        return {key.partition("/")[2] for key in self.own_operators} - self.unsealed_cells

    @property
    def unsealed_cells(self) -> set[str]:
        """The test cells with a verdict that is not sealed or not decided, but for those whose subject is the learner's own operators."""
        return {key.partition("/")[2] for key in self.unsealed} | {each.cell for each in self.differences}


def compare(assignment: Assignment, number: int, root: Path, rooms: dict[str, EngineRoom], *, is_fast: bool = False) -> Comparison:
    """Make the course under `root`, grade it in every way, and return what differs.

    Args:
        is_fast: our compat run stands for nbgrader's, which is not run: to work with, for the two are shown equal without it.
    """
    make_course(root / "template", assignment, number)
    compat, sealed = (shutil.copytree(root / "template", root / name, symlinks=True) for name in ("compat", "sealed"))
    theirs = compat if is_fast else shutil.copytree(root / "template", root / "theirs", symlinks=True)
    if not is_fast:
        _grade_theirs(theirs, assignment)
    _grade_ours(compat, assignment, "compat", rooms["compat"])
    _grade_ours(sealed, assignment, "sealed", rooms["sealed"])
    found = Comparison(assignment.name)
    lost = {f"z-{each.name}" for each in assignment.submissions if each.is_lost}
    cheats = {each.name for each in assignment.submissions if each.cheats}
    found.submissions = len(list((root / "template" / "submitted").iterdir()))
    _compare_compat(found, theirs, compat, assignment, lost)
    _compare_sealed(found, theirs, sealed, assignment, lost, cheats)
    found.causes = _causes(sealed)
    return found


def _causes(root: Path) -> dict[str, str]:
    plans = [read_plan(place) for place in (root / ".patunay" / "sealing").glob("*.json")]
    return {cell.name: "; ".join(cell.causes) for plan in plans if plan for cell in plan.cells if cell.causes}


def _grade_theirs(root: Path, assignment: Assignment) -> None:
    command = [str(Path(sys.executable).with_name("nbgrader")), "autograde", assignment.name]
    with nbgrader_environment():
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode and not any(each.is_lost for each in assignment.submissions):
        raise AssertionError(f"nbgrader cannot grade {assignment.name}: {done.stderr[-3000:]}")


def _grade_ours(root: Path, assignment: Assignment, assurance: Assurance, room: EngineRoom) -> None:
    grade_assignment(open_course(root), assignment.name, GradingOptions(assurance=assurance), now=lambda: datetime.now(UTC), room=room)


def gradebook_rows(root: Path, assignment: str) -> dict[Row, tuple[object, ...]]:
    """Return every row that grading writes into nbgrader's gradebook."""
    found: dict[Row, tuple[object, ...]] = {}
    with Gradebook(open_course(root).database_url) as gradebook:
        for submission in gradebook.assignment_submissions(assignment):
            learner = submission.student.id
            found[learner, "", ""] = (
                str(submission.timestamp), submission.total_seconds_late, submission.score, submission.needs_manual_grade
            )  # fmt: skip
            for notebook in submission.notebooks:
                found[learner, notebook.name, ""] = (notebook.late_submission_penalty or 0.0, notebook.score, notebook.failed_tests)
                for grade in notebook.grades:
                    found[learner, notebook.name, grade.cell.name] = (grade.auto_score, grade.manual_score, grade.needs_manual_grade)
                for comment in notebook.comments:
                    found[learner, notebook.name, f"comment on {comment.cell.name}"] = (comment.auto_comment, comment.manual_comment)
    return found


def outputs_of(root: Path, assignment: str) -> Iterator[tuple[Row, list[Any]]]:
    """Yield the outputs of every named code cell of the graded notebooks."""
    for path in sorted((root / "autograded").glob(f"*/{assignment}/*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            if cell.cell_type == "code" and name:
                yield (path.parent.parent.name, path.stem, name), cell.outputs


def _shown(output: Any) -> tuple[str, str, str]:
    text = str(output.get("data", {}).get("text/plain", "")) if output.output_type == "execute_result" else ""
    return output.output_type, str(output.get("ename", output.get("name", ""))), text if " at 0x" not in text else ""


def _all_shown(outputs: list[Any]) -> list[tuple[str, str, str]]:
    """Return what is shown without what is a matter of time: in how many pieces a stream comes and between which other outputs, and whether nbclient notes a
    time limit before or after the interrupt that follows it."""
    shown = sorted((_shown(each) for each in outputs), key=lambda each: each[1] != "CellTimeoutError")
    streams = sorted({each for each in shown if each[0] == "stream"})
    return [*streams, *(each for each in shown if each[0] != "stream")]


def _compare_compat(found: Comparison, theirs: Path, ours: Path, assignment: Assignment, lost: set[str]) -> None:
    one, other = gradebook_rows(theirs, assignment.name), gradebook_rows(ours, assignment.name)
    for row in sorted(one.keys() | other.keys()):
        if row[0] in lost:
            continue
        found.compat_rows += 1
        if one.get(row) != other.get(row):
            found.compat_differences.append(f"{'/'.join(row)}: nbgrader {one.get(row)}, compat {other.get(row)}")
    shown, ours_shown = dict(outputs_of(theirs, assignment.name)), dict(outputs_of(ours, assignment.name))
    for row, outputs in shown.items():
        mine, wanted = _all_shown(ours_shown.get(row, [])), _all_shown(outputs)
        if row[0] not in lost and mine != wanted:
            found.compat_differences.append(f"{'/'.join(row)}: nbgrader shows {wanted}, compat {mine}")


def _has_failed(outputs: list[Any]) -> bool:
    return any(each.output_type == "error" or (each.output_type == "stream" and each.name == "stderr") for each in outputs)


def _sealed_verdicts(root: Path, assignment: str) -> dict[Row, Verdict]:
    found: dict[Row, Verdict] = {}
    shown = dict(outputs_of(root, assignment))
    with open_records(root) as session:
        for attempt in session.query(AttemptRow).all():
            result = standing_result(attempt)
            for cell in result.cell_list() if result else []:
                if cell["kind"] == "test":
                    row = (attempt.learner, cell["notebook"], cell["name"])
                    failed = _has_failed(shown.get(row, []))
                    found[row] = Verdict(cell["auto_score"], failed, cell.get("note") or "", bool(cell.get("is_sealed")))
    return found


def _compare_sealed(found: Comparison, theirs: Path, ours: Path, assignment: Assignment, lost: set[str], cheats: set[str]) -> None:
    tests = {(notebook, cell.name): cell for notebook, cells in assignment.notebooks.items() for cell in cells if cell.kind == "test"}
    found.test_cells = len(tests)
    scores, shown = gradebook_rows(theirs, assignment.name), dict(outputs_of(theirs, assignment.name))
    sealed = _sealed_verdicts(ours, assignment.name)
    for row, values in sorted(scores.items()):
        if row[1:] not in tests or row[0] in lost:
            continue
        score = values[0]
        assert score is None or isinstance(score, float)
        verdict = sealed.get(row, Verdict(None, has_failed=True, note="never graded", is_sealed=False))
        if row[0] in cheats:
            one, other = found.cheats.get(row[0], (0.0, 0.0))
            found.cheats[row[0]] = (one + (score or 0.0), other + (verdict.score or 0.0))
            continue
        found.verdicts += 1
        found.passed += score == tests[row[1], row[2]].points and not _has_failed(shown.get(row, []))
        outcome = _outcome(score, verdict, has_failed=_has_failed(shown.get(row, [])))
        if outcome != "equal":
            found.differences.append(Difference(assignment.name, row[0], row[2], outcome, score, verdict.score, verdict.note))
        elif not verdict.is_sealed:
            is_own = "not sealed: rests on `" in verdict.note and "decided with everything in one process" not in verdict.note
            (found.own_operators if is_own else found.unsealed)[f"{row[0]}/{row[2]}"] = verdict.note


def _outcome(score: float | None, verdict: Verdict, *, has_failed: bool) -> Outcome:
    if verdict.score is None and score is not None:
        return "manual"
    if score != verdict.score:
        return "false pass" if (verdict.score or 0.0) > (score or 0.0) else "false fail"
    return "equal" if has_failed == verdict.has_failed else "looks different"


def as_json(found: Comparison) -> str:
    """Return the comparison as one line of JSON, for looking at by machine."""
    return json.dumps({name: getattr(found, name) for name in found.__slots__}, default=str)
