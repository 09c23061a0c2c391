"""Who looks at teachers' pages in tests, and a site for them."""

from __future__ import annotations

from pathlib import Path

from nbgrader.api import Student

from autograder.nbgrader_database import open_gradebook
from courses.nbgrader_course import open_course
from courses.settings import Site
from portal.web.portal_site import Person
from tests.small_site import COURSE, Someone, enter_results, released_site

PEOPLE = (
    Person("faculty", "teaches", (f"formgrade-{COURSE}",)),
    Person("stranger", "teaches another course", ("formgrade-another-course",)),
    Person("quality", "reviews", ("patunay-quality",)),
    Person("both", "reviews, and teaches the course", ("patunay-quality", f"formgrade-{COURSE}")),
    Person("registrar", "approves", ("patunay-approver",)),
    Person("ana", "learns", (f"nbgrader-{COURSE}",)),
)
LEARNERS = (
    Someone("ana", "Ana Reyes"),
    Someone("ben", "Ben Cruz", (0.0, 2.0, 0.0, 1.0)),
    Someone("caz", "<script>alert(1)</script>", (2.0, 8.0, 6.0, None)),
)
TEACHERS_PAGES = ("", "/learners", "/grading", "/report", "/grading/test")
"""Pages of a course that only its teachers see."""


def taught_site(folder: Path, parent: Path, learners: tuple[Someone, ...] = LEARNERS) -> Site:
    """Return a site with a released course and results."""
    site = released_site(folder, parent)
    enter_results(site, learners)
    return site


def enrol_many(site: Site, count: int) -> None:
    """Put that many more learners, who have handed in nothing, into the gradebook at once."""
    with open_gradebook(open_course(site.course_root(COURSE))) as gradebook:
        gradebook.db.add_all(
            Student(id=f"learner{number:04}", first_name="Ligaya", last_name=f"Numero{number:04}") for number in range(count)
        )
        gradebook.db.commit()
