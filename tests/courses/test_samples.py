from __future__ import annotations

from courses.catalogue import course_ids
from courses.samples import samples_folder


def test_the_sample_courses_are_found() -> None:
    assert course_ids(samples_folder()) == ["data-cleaning-with-pandas", "python-foundations", "statistics-for-evidence"]
