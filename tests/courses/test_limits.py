from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.jobs import Limits
from courses.errors import ManifestError
from courses.limits import CourseLimits
from courses.manifest import CourseManifest
from courses.settings import Grading
from tests.courses.tiny_site import MANIFEST, parse_manifest


def with_limits(course: str = "", assessment: str = "") -> CourseManifest:
    text = MANIFEST.replace("[[outcomes]]", f"[limits]\n{course}\n\n[[outcomes]]", 1)
    return parse_manifest(text.replace("weight = 100", f"weight = 100\nlimits = {{ {assessment} }}"))


def test_an_assignments_own_limits_are_over_the_courses_and_silence_is_no_limit() -> None:
    manifest = with_limits("cell_timeout_s = 20\nrestart_after_death = true", "cell_timeout_s = 90.5, processes = 64")
    assert manifest.limits_of("ps1").said() == {"cell_timeout_s": 90.5, "processes": 64, "restart_after_death": True}
    assert manifest.limits_of("another").said() == {"cell_timeout_s": 20.0, "restart_after_death": True}
    assert parse_manifest().limits_of("ps1").said() == {}


def test_an_assignment_can_take_back_what_the_course_allows() -> None:
    manifest = with_limits("restart_after_death = true", "restart_after_death = false")
    assert manifest.limits_of("ps1").said() == {"restart_after_death": False}


@pytest.mark.parametrize(
    ("course", "assessment", "told"),
    [
        ("cell_timeout = 3.0", "", r"limits\.cell_timeout: unknown key; did you mean 'cell_timeout_s'\?"),
        ("", "memory = 3", r"assessments\[1\]\.limits\.memory: unknown key; did you mean 'memory_bytes'\?"),
        ("cell_timeout_s = 0", "", r"limits\.cell_timeout_s"),
        ("cell_timeout_s = inf", "", r"limits\.cell_timeout_s"),
        ('cell_timeout_s = "20"', "", r"limits\.cell_timeout_s: .*valid number"),
        ("", "memory_bytes = 1000", r"assessments\[1\]\.limits\.memory_bytes: .*268435456"),
        ("processes = 2.5", "", r"limits\.processes"),
        ("restart_after_death = 1", "", r"limits\.restart_after_death"),
        ("cell_timeout_s = 30\nsubmission_timeout_s = 20", "", r"limits: cell_timeout_s \(30\) is above submission_timeout_s \(20\)"),
        ("submission_cpu_s = 20", "cell_cpu_s = 30", r"limits of 'ps1': cell_cpu_s \(30\) is above submission_cpu_s \(20\)"),
    ],
)
def test_limits_that_do_not_fit_are_refused_with_their_field(course: str, assessment: str, told: str) -> None:
    with pytest.raises(ManifestError, match=told):
        with_limits(course, assessment)


def test_every_limit_that_a_site_can_set_a_course_can_set_and_grading_knows_it() -> None:
    assert CourseLimits.model_fields.keys() == Grading.model_fields.keys() - {"jobs", "sandbox"}
    assert CourseLimits.model_fields.keys() <= Limits.model_fields.keys()


NUMBERS = st.none() | st.floats(0.5, 1e6)


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_over_takes_the_narrower_word_wherever_there_is_one(a: float | None, b: float | None, c: float | None, d: float | None) -> None:
    together = CourseLimits(cell_timeout_s=a, cell_cpu_s=b).over(CourseLimits(cell_timeout_s=c, cell_cpu_s=d))
    assert together.cell_timeout_s == (c if a is None else a)
    assert together.cell_cpu_s == (d if b is None else b)
