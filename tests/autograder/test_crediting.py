"""Which attempt counts where the manifest says the best: by score, then by time, with late penalties and marks by hand."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.gradebook import GRADED
from courses.attempts import AttemptRule
from tests.autograder.grading_calls import attempts, grade, scores, state
from tests.small_course import SQUARE, SmallCourse, make_small_course

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("fork-server")]
BEST = AttemptRule(credited="best")
_ZERO_WHEN_LATE = "c.LateSubmissionPlugin.penalty_method = 'zero'"


def hand_in(course: SmallCourse, day: int, answer: str, found: int, **more: str) -> None:
    course.submit("ana", answer, f"found = {found}", timestamp=f"2026-11-{day} 08:00:00 UTC", **more)
    grade(course, attempts=BEST)


def shown_day(course: SmallCourse) -> str:
    """Return the day of the attempt that lies in the submitted step."""
    return (course.root / "submitted" / "ana" / "ps1" / "timestamp.txt").read_text(encoding="utf-8")[:10]


def test_the_best_counts_of_equal_ones_the_earliest_and_a_failure_takes_nothing_away(small_course: SmallCourse) -> None:
    hand_in(small_course, 20, SQUARE, 1)
    hand_in(small_course, 21, SQUARE, 3)
    hand_in(small_course, 22, SQUARE + "  # again", 3)
    hand_in(small_course, 23, "def square(n):\n    return 4", 3)
    node = small_course.released()
    node.cells = []
    (small_course.root / "submitted" / "ana" / "ps1" / "p1.ipynb").unlink()
    folder = small_course.submit_node("ana", node, timestamp="2026-11-24 08:00:00 UTC")
    (folder / "p1.ipynb").rename(folder / "other.ipynb")
    grade(small_course, attempts=BEST)
    kept = attempts(small_course, "ana")
    assert [each.submitted_at[8:10] for each in kept] == ["20", "21", "22", "23", "24"]
    row = state(small_course, "ana", attempt_rules={"ps1": BEST})
    assert (row["state"], row["score"], row["attempt"]) == (GRADED, 5.0, kept[1].digest)
    assert scores(small_course, "ana")["test_found"] == (3.0, None, False)
    assert shown_day(small_course) == "2026-11-21"
    grade(small_course)
    assert state(small_course, "ana")["attempt"] == kept[4].digest, "by the other rule the last one counts"


def test_of_the_allowed_ones_only(small_course: SmallCourse) -> None:
    for day, found in ((20, 2), (21, 1), (22, 3)):
        small_course.submit("ana", SQUARE, f"found = {found}", timestamp=f"2026-11-{day} 08:00:00 UTC")
        grade(small_course, attempts=AttemptRule(2, "best"))
    assert scores(small_course, "ana")["test_found"] == (2.0, None, False)
    assert shown_day(small_course) == "2026-11-20"


def test_a_late_attempt_is_the_best_only_after_its_penalty(tmp_path: Path) -> None:
    course = make_small_course(tmp_path / "course", config=_ZERO_WHEN_LATE)
    with Gradebook(course.open().database_url) as gradebook:
        gradebook.update_or_create_assignment("ps1", duedate=datetime(2026, 11, 21))  # noqa: DTZ001 - nbgrader's own are naive
    hand_in(course, 20, SQUARE, 1)
    hand_in(course, 22, SQUARE, 3)
    assert shown_day(course) == "2026-11-20"
    with Gradebook(course.open().database_url) as gradebook:
        gradebook.update_or_create_assignment("ps1", duedate=datetime(2026, 11, 23))  # noqa: DTZ001
    grade(course, attempts=BEST)
    assert shown_day(course) == "2026-11-22"
    assert state(course, "ana", attempt_rules={"ps1": BEST})["final_score"] == 5.0


def test_a_mark_by_hand_counts_for_all_attempts_alike_and_is_kept(small_course: SmallCourse) -> None:
    hand_in(small_course, 20, SQUARE, 1, essay="First words.")
    hand_in(small_course, 21, "def square(n):\n    return 4", 2, essay="Better words.")
    assert shown_day(small_course) == "2026-11-20"
    with Gradebook(small_course.open().database_url) as gradebook:
        for cell, points in (("test_square", 0.0), ("essay", 4.0)):
            gradebook.find_grade(cell, "p1", "ps1", "ana").manual_score = points
        gradebook.db.commit()
    grade(small_course, attempts=BEST)
    assert shown_day(small_course) == "2026-11-21", "without the square the second one is better"
    shown = scores(small_course, "ana")
    assert (shown["test_square"][1], shown["essay"][1], shown["test_found"][0]) == (0.0, 4.0, 2.0)
