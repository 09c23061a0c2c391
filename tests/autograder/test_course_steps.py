"""Courses that replace nbgrader's grading steps by their own are graded through these."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autograder.errors import PipelineError
from autograder.records import open_records
from autograder.sandbox.bubblewrap import find_bubblewrap
from tests.autograder.grading_calls import attempts, by_learner, grade, scores
from tests.small_course import SQUARE, SmallCourse

pytestmark = pytest.mark.slow

STEPS = '''
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor, OverwriteCells, SaveAutoGrades
from traitlets import Float


class KeepsTheLearnersEssay(OverwriteCells):
    def preprocess_cell(self, cell, resources, cell_index):
        cell, resources = super().preprocess_cell(cell, resources, cell_index)
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "essay":
            cell.source = cell.source.upper()
        return cell, resources


class MarksEssays(SaveAutoGrades):
    """Gives an essay what the configuration says, for each time that it says the learner's name."""

    marks = Float(0.0).tag(config=True)

    def _add_score(self, cell, resources):
        super()._add_score(cell, resources)
        if cell.metadata.nbgrader.grade_id != "essay":
            return
        grade = self.gradebook.find_grade("essay", self.notebook_id, self.assignment_id, self.student_id)
        grade.auto_score = self.marks * cell.source.count(self.student_id.upper())
        grade.needs_manual_grade = False
        self.gradebook.db.commit()
'''
CONFIGURATION = """
import sys
sys.path.insert(0, {root!r} + "/steps")
from nbgrader.preprocessors import CheckCellMetadata, ClearOutput, DeduplicateIds, Execute, LimitOutput
c.Autograde.sanitize_preprocessors = [ClearOutput, DeduplicateIds, "own_steps.KeepsTheLearnersEssay", CheckCellMetadata]
c.Autograde.autograde_preprocessors = [Execute, LimitOutput, "own_steps.MarksEssays", CheckCellMetadata]
c.MarksEssays.marks = 1.5
c.Autograde.exporter_class = "autograder.nbgrader_switch.GradeWithPatunay"
"""
LINKING = (
    SQUARE
    + """
import os, pathlib
for name in ("p1.ipynb", "other.txt"):
    pathlib.Path(name).unlink(missing_ok=True)
    os.symlink("{target}", name)
"""
)


@pytest.fixture
def own_steps(small_course: SmallCourse) -> SmallCourse:
    """Return the small course with grading steps of its own."""
    (small_course.root / "steps").mkdir()
    (small_course.root / "steps" / "own_steps.py").write_text(STEPS, encoding="utf-8")
    with (small_course.root / "nbgrader_config.py").open("a", encoding="utf-8") as stream:
        stream.write(CONFIGURATION.format(root=str(small_course.root)))
    return small_course


def test_a_course_with_its_own_steps_is_graded_through_them_and_says_so(own_steps: SmallCourse) -> None:
    own_steps.submit("ana", SQUARE, "found = 2", essay="ana, ana")
    own_steps.submit("ben", "def square(n):\n    return 4", "found = 3", essay="ana, ana")
    summary = grade(own_steps, assurance="sealed")  # which is the default
    assert summary.course_steps == ("sanitize_preprocessors", "autograde_preprocessors")
    assert scores(own_steps, "ana") == {"test_square": (2.0, None, False), "test_found": (2.0, None, False), "essay": (3.0, None, False)}
    assert scores(own_steps, "ben") == {"test_square": (0.0, None, False), "test_found": (3.0, None, False), "essay": (0.0, None, False)}
    assert {name: each.score for name, each in by_learner(summary).items()} == {"ana": 7.0, "ben": 3.0}
    (result,) = attempts(own_steps, "ana")[0].results
    assert (result.run.engine, result.run.execution, result.assurance) == ("compat", "course-steps", "compat")
    shown = (own_steps.root / "autograded" / "ana" / "ps1" / "p1.ipynb").read_text(encoding="utf-8")
    assert "ANA, ANA" in shown
    assert grade(own_steps).skipped == 2


def test_a_mark_that_cannot_stand_waits_for_a_person(own_steps: SmallCourse) -> None:
    own_steps.submit("ana", SQUARE, "found = 2", essay="ana " * 5)  # 7.5 of 4 points
    grade(own_steps)
    assert scores(own_steps, "ana")["essay"] == (None, None, True)


def test_what_fails_in_a_course_step_fails_its_submission_and_no_other(own_steps: SmallCourse) -> None:
    own_steps.submit("ana", SQUARE, "found = 2")
    own_steps.submit("ben", "import os; os._exit(3)", "found = 2")
    broken = own_steps.submit("cy", SQUARE, "found = 2") / "p1.ipynb"
    broken.write_text("{", encoding="utf-8")
    found = by_learner(grade(own_steps))
    assert {name: each.status for name, each in found.items()} == {"ana": "graded", "ben": "failed", "cy": "failed"}
    assert "Kernel died" in found["ben"].reason
    assert scores(own_steps, "ben")["test_square"] == (None, None, True)


@pytest.mark.thorough
def test_a_step_that_cannot_be_loaded_or_never_ends_is_said_in_words(own_steps: SmallCourse, monkeypatch: pytest.MonkeyPatch) -> None:
    own_steps.submit("ana", SQUARE, "found = 2")
    module = own_steps.root / "steps" / "own_steps.py"
    module.write_text("import no_such_library\n", encoding="utf-8")
    found = by_learner(grade(own_steps))["ana"]
    assert found.status == "broken"
    assert "no_such_library" in found.reason
    module.write_text(STEPS.replace("cell.source = cell.source.upper()", "import time; time.sleep(3600)"), encoding="utf-8")
    monkeypatch.setattr("autograder.scheduling.course_steps._OVERHEAD_S", 8.0)
    from autograder.jobs import Limits

    found = by_learner(grade(own_steps, limits=Limits(submission_timeout_s=1)))["ana"]
    assert found.status == "failed"
    assert "took longer than 9 s" in found.reason


def test_a_link_that_a_learner_leaves_is_never_written_through(own_steps: SmallCourse, tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("as it was", encoding="utf-8")
    own_steps.submit("ana", LINKING.format(target=target), "found = 2", essay="ana")
    assert by_learner(grade(own_steps))["ana"].score == 5.5
    assert target.read_text(encoding="utf-8") == "as it was"


@pytest.mark.skipif(find_bubblewrap() is None, reason="bubblewrap makes no sandbox here")
def test_learners_code_sees_neither_the_gradebook_nor_the_hidden_tests(own_steps: SmallCourse) -> None:
    spying = SQUARE + (
        "\nimport pathlib, json"
        f"\nprint('SEEN', json.dumps([str(p) for p in pathlib.Path('..').resolve().parents[2].rglob('*')] + [str(pathlib.Path({str(own_steps.root)!r}).exists())]))"
    )
    own_steps.submit("ana", spying, "found = 2")
    summary = grade(own_steps)
    assert summary.sandbox == "bubblewrap"
    text = (own_steps.root / "autograded" / "ana" / "ps1" / "p1.ipynb").read_text(encoding="utf-8")
    outputs = "".join(str(output) for cell in json.loads(text)["cells"] for output in cell.get("outputs", []))
    seen = outputs[outputs.index("SEEN") :]
    assert "p1.ipynb" in seen
    assert "False" in seen
    for hidden in ("gradebook.db", "errand.json", "submitted", "source/"):
        assert hidden not in seen, hidden


def test_a_course_that_demands_sealed_verdicts_too_is_refused(own_steps: SmallCourse) -> None:
    own_steps.submit("ana", SQUARE, "found = 2")
    with pytest.raises(PipelineError, match=r"sets Autograde\.sanitize_preprocessors, and demands sealed"):
        grade(own_steps, sealed_required=True)
    with open_records(own_steps.root) as session:
        from autograder.records import GradingRun

        assert session.query(GradingRun).count() == 0
