"""Invented learners get what a credential needs, and nobody's own entries are changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.nbgrader_database import open_gradebook, students_of
from courses.nbgrader_course import open_course
from portal.invented_learners import LEARNERS, enter_invented_learners
from tests.small_site import COURSE, released_site

pytestmark = pytest.mark.slow


def entered(root: Path) -> dict[str, tuple[str | None, str | None, str | None]]:
    with open_gradebook(open_course(root)) as gradebook:
        return {learner: (first, last, email) for learner, first, last, email in students_of(gradebook) if learner in LEARNERS}


def test_they_get_a_name_and_an_address_that_is_nobodys_and_what_somebody_entered_stays(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = released_site(tmp_path / "site", tmp_path_factory.getbasetemp()).course_root(COURSE)
    with open_gradebook(open_course(root)) as gradebook:
        gradebook.update_or_create_student("ana", first_name="Ana Maria", last_name=None, email=None)  # as somebody entered her
    for _ in range(2):
        enter_invented_learners(root)
        assert entered(root) == {"ana": ("Ana Maria", None, "ana@example.edu"), "ben": ("Ben", "Cruz", "ben@example.edu")}
