"""What the report's tables say of variants, on made-up learners."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from autograder.analysis.attempt_scores import attempt_frames
from autograder.analysis.course_results import CourseSubject, Tables, course_tables
from autograder.gradebook import ASSIGNMENT_COLUMNS, GRADED, NEEDS_MANUAL
from autograder.variant_comparison import COLUMNS

SUBJECT = CourseSubject(
    course="tiny", title="Tiny", version="1.0.0", institution="Example State University", assignments=(("b", "Second"), ("a", "First")),
    weights={"a": 50.0, "b": 50.0}, pass_mark=0.5, allowed={}, goals=(), overall={}, outcome_shares={}, statuses={}, credentialed=0,
    timezone="UTC",
)  # fmt: skip


def responses(points: dict[tuple[str, int], list[float]]) -> pd.DataFrame:
    """Return responses to one cell of 10 points, by assignment and variant; 0 stands for no variants."""
    rows = [
        (f"learner{variant}-{number}", assignment, assignment, "test_it", "test", each, 10.0, NEEDS_MANUAL if np.isnan(each) else GRADED, variant)
        for (assignment, variant), group in points.items()
        for number, each in enumerate(group)
    ]  # fmt: skip
    table = pd.DataFrame(
        rows, columns=["learner", "assignment", "notebook", "cell", "kind", "points", "points_possible", "state", "variant"]
    )
    return table.assign(variant=pd.array([each or pd.NA for each in table["variant"]], dtype="Int64"))


def tables(found: pd.DataFrame) -> Tables:
    return course_tables(
        SUBJECT, pd.DataFrame(columns=list(ASSIGNMENT_COLUMNS)), found, attempt_frames({}), now=datetime(2026, 11, 29, tzinfo=UTC)
    )


def test_a_harder_variant_is_flagged_from_ten_learners_on_on_both_sides() -> None:
    hard, easy = [1.0, 2.0] * 5, [8.0, 9.0] * 5
    found = tables(responses({("a", 1): hard, ("a", 2): easy}))["variants"]
    assert found[["variant", "learners", "is_flagged"]].to_numpy().tolist() == [[1, 10, True], [2, 10, True]]
    assert found["difference"].tolist() == [-0.7, 0.7] or np.allclose(found["difference"], [-0.7, 0.7])
    few = tables(responses({("a", 1): hard[:9], ("a", 2): easy}))["variants"]
    assert few["is_flagged"].tolist() == [False, False]
    assert few["p"].isna().all()


def test_who_waits_for_a_mark_is_in_no_comparison() -> None:
    found = tables(responses({("a", 1): [1.0, float("nan"), 3.0], ("a", 2): [8.0]}))["variants"]
    assert found["learners"].tolist() == [2, 1]


def test_assignments_stand_in_the_courses_order_and_those_without_variants_not_at_all() -> None:
    found = tables(responses({("a", 1): [1.0], ("b", 2): [2.0], ("c", 0): [3.0]}))["variants"]
    assert found["assignment"].tolist() == ["b", "a"]
    plain = responses({("a", 0): [1.0, 2.0]})
    assert tables(plain)["variants"].empty
    assert list(tables(plain.drop(columns="variant"))["variants"].columns) == list(COLUMNS)
