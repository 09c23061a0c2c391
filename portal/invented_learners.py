"""The invented learners of a hub that is tried out, as a gradebook knows them: a credential needs a name and an address, which nobody would enter for them."""

from __future__ import annotations

from pathlib import Path

from autograder.nbgrader_database import open_gradebook, students_of
from courses.nbgrader_course import open_course

LEARNERS = {"ana": ("Ana", "Reyes"), "ben": ("Ben", "Cruz")}
"""Their user names, with first and last names."""
_DOMAIN = "example.edu"
"""Reserved for examples: no letter to it reaches anybody."""


def enter_invented_learners(course_root: Path) -> None:
    """Enter them into a course's gradebook; of those who are there, what is missing. Nothing that somebody entered is changed."""
    with open_gradebook(open_course(course_root)) as gradebook:
        known = {learner: (first, last, email) for learner, first, last, email in students_of(gradebook)}
        for learner, names in LEARNERS.items():
            first, last, email = known.get(learner, (None, None, None))
            if not first and not last:
                first, last = names
            told = {"first_name": first, "last_name": last, "email": email or f"{learner}@{_DOMAIN}"}
            if (first, last, told["email"]) != known.get(learner):
                gradebook.update_or_create_student(learner, **told)
