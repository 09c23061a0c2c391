from __future__ import annotations

from pathlib import Path

import pytest

from courses.catalogue import course_ids, load_course, require_assessment
from courses.errors import ManifestError, UnknownAssignmentError, UnknownCourseError
from courses.samples import samples_folder
from tests.courses.tiny_site import load_tiny_course, make_tiny_site


def test_a_course_is_its_folder_its_manifest_and_its_notebooks(tmp_path: Path) -> None:
    course = load_tiny_course(make_tiny_site(tmp_path))
    assert course.id == "tiny-course"
    assert [notebook.name for notebook in course.notebooks["ps1"]] == ["p1"]


def test_only_folders_with_a_manifest_are_courses(tmp_path: Path) -> None:
    site = make_tiny_site(tmp_path)
    (site.courses / "notes").mkdir()
    assert course_ids(site.courses) == ["tiny-course"]
    assert course_ids(tmp_path / "none") == []


def test_an_unknown_course_brings_the_nearest_name_and_all_names() -> None:
    with pytest.raises(UnknownCourseError, match=r"Did you mean 'data-cleaning-with-pandas'\? The courses are: data-cleaning"):
        load_course(samples_folder(), "data-cleaning")


def test_a_site_without_a_course_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(UnknownCourseError, match="There is no course yet"):
        load_course(tmp_path, "x")


@pytest.mark.parametrize("name", ["..", "../tiny-course", "/etc", "tiny-course/", ""])
def test_a_name_that_is_a_path_is_an_unknown_course(tmp_path: Path, name: str) -> None:
    site = make_tiny_site(tmp_path)
    with pytest.raises(UnknownCourseError, match="there is no course called"):
        load_course(site.courses, name)


def test_an_assignment_without_a_folder_has_no_notebooks(tmp_path: Path) -> None:
    site = make_tiny_site(tmp_path)
    (site.courses / "tiny-course" / "ps1").rename(site.courses / "tiny-course" / "ps2")
    assert load_tiny_course(site).notebooks == {"ps1": ()}


def test_an_assignment_outside_the_manifest_is_unknown(tmp_path: Path) -> None:
    course = load_tiny_course(make_tiny_site(tmp_path))
    assert require_assessment(course, "ps1") == "ps1"
    with pytest.raises(UnknownAssignmentError, match=r"has no assignment 'ps2'\nIts assignments are: ps1\."):
        require_assessment(course, "ps2")


def test_a_broken_manifest_is_an_error(tmp_path: Path) -> None:
    site = make_tiny_site(tmp_path, manifest="id = 3")
    with pytest.raises(ManifestError, match=r"course\.toml"):
        load_tiny_course(site)
