from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import nbformat
import nbgrader
import pytest
from nbgrader.api import Gradebook

from courses.authoring.adopting import Adopted, adopt_course
from courses.authoring.placeholder_checks import check_placeholders
from courses.catalogue import load_course
from courses.checks import check_course
from courses.errors import ManifestError, NameRefusedError, UnknownAssignmentError
from courses.release import nbgrader_environment
from courses.safe_copy import CopyRefusedError
from courses.settings import Site, load_site
from tests.courses.tiny_site import SETTINGS
from tests.small_course import nbgrader_cell, source_notebook

TODAY = date(2026, 11, 29)
USER_GUIDE = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    root = tmp_path / "site"
    (root / "source_notebooks").mkdir(parents=True)
    (root / "patunay.toml").write_text(SETTINGS, encoding="utf-8")
    return load_site(root)


def course_directory(folder: Path, *assignments: str, config: str = "", source: str = "source") -> Path:
    folder.mkdir()
    (folder / "nbgrader_config.py").write_text(f"c = get_config()\nc.CourseDirectory.course_id = 'Intro 101'\n{config}", encoding="utf-8")
    for assignment in assignments:
        (folder / source / assignment).mkdir(parents=True)
        (folder / source / assignment / "p1.ipynb").write_text(nbformat.writes(source_notebook()), encoding="utf-8")
    return folder


def adopt(site: Site, folder: Path, **more: Any) -> Adopted:
    return adopt_course(site, folder, **{"name": None, "title": None, "today": TODAY, **more})


def told(adopted: Adopted) -> str:
    return "\n".join(f"{each.notebook}|{each.place}|{each.was}|{each.became}|{each.remedy}" for each in adopted.entries)


def test_a_course_comes_in_with_its_names_and_its_points_as_weights(site: Site, tmp_path: Path) -> None:
    old = course_directory(tmp_path / "old", "ps 1's", "ps2", "ps3")
    (old / "source" / "ps2" / "data").mkdir()
    (old / "source" / "ps2" / "data" / "a.csv").write_text("a", encoding="utf-8")
    second = nbformat.v4.new_notebook(cells=[nbgrader_cell("code", "assert True", "more", grade=True, locked=True, points=3)])
    (old / "source" / "ps2" / "p 2.ipynb").write_text(nbformat.writes(second), encoding="utf-8")
    adopted = adopt(site, old)
    course = load_course(site.courses, "intro-101")
    assert adopted.points == {"ps 1's": 9, "ps2": 12, "ps3": 9}
    assert [(each.id, each.weight) for each in course.manifest.assessments] == [("ps 1's", 30.0), ("ps2", 40.0), ("ps3", 30.0)]
    assert [item.cell for item in course.manifest.assessments[1].items] == ["more", "test_square", "test_found", "essay"]
    assert (course.folder / "ps2" / "data" / "a.csv").read_text(encoding="utf-8") == "a"
    assert (course.folder / "ps2" / "p1.ipynb").read_bytes() == (old / "source" / "ps2" / "p1.ipynb").read_bytes()


def test_what_is_missing_is_found_as_placeholders_and_nothing_else_of_the_manifest_blocks(site: Site, tmp_path: Path) -> None:
    adopt(site, course_directory(tmp_path / "old", "ps1"))
    course = load_course(site.courses, "intro-101")
    fields = {each.place.field for each in check_placeholders(course) if each.place}
    assert {"title.en", "outcomes.ps1.text.en", "notional_hours.total", "qa.reviewed_by", "qa.reviewed_on", "evidence_policy"} <= fields
    blocking = {each.code for each in check_course(course, today=TODAY) if each.is_blocking}
    assert not blocking & {"Q05", "Q06", "Q08"}


@pytest.mark.slow
def test_due_dates_come_from_the_gradebook_which_is_not_changed(site: Site, tmp_path: Path) -> None:
    old = course_directory(tmp_path / "old", "ps1", "ps2")
    with nbgrader_environment(), Gradebook(f"sqlite:///{old / 'gradebook.db'}", "Intro 101") as gradebook:
        gradebook.add_assignment("ps1", duedate="2026-03-01 15:30:00")
    before = (old / "gradebook.db").read_bytes()
    adopt(site, old)
    assessments = load_course(site.courses, "intro-101").manifest.assessments
    assert [each.due for each in assessments] == [datetime(2026, 3, 1, 15, 30, tzinfo=UTC), None]
    assert (old / "gradebook.db").read_bytes() == before
    assert not list(old.glob("gradebook.db-*"))


def test_renamed_folders_and_own_settings_are_understood_and_told(site: Site, tmp_path: Path) -> None:
    config = "c.CourseDirectory.source_directory = 'master'\nc.ClearSolutions.code_stub = {'python': 'pass'}\nc.CourseDirectory.ignore = ['private', '*.key']\n"
    old = course_directory(tmp_path / "old", "ps1", config=config, source="master")
    (old / "master" / "ps1" / "answers.key").write_text("x", encoding="utf-8")
    (old / "master" / "header.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook()), encoding="utf-8")
    adopted = adopt(site, old, name="other-id", title="Other")
    assert "c.ClearSolutions.code_stub" in told(adopted)
    assert "header.ipynb" in told(adopted)
    assert "c.CourseDirectory" not in told(adopted)
    assert not (site.courses / "other-id" / "ps1" / "answers.key").exists()
    assert load_course(site.courses, "other-id").manifest.title.en == "Other"


def test_older_metadata_is_upgraded_in_the_copy_alone(site: Site, tmp_path: Path) -> None:
    old = course_directory(tmp_path / "old", "ps1")
    path = old / "source" / "ps1" / "p1.ipynb"
    node = nbformat.read(path, as_version=4)
    for cell in node.cells:
        cell.metadata["nbgrader"]["schema_version"] = 1
        del cell.metadata["nbgrader"]["task"]
    path.write_text(nbformat.writes(node), encoding="utf-8")
    before = path.read_bytes()
    adopted = adopt(site, old)
    assert "metadata of schema 1|schema 3" in told(adopted)
    copied = nbformat.read(site.courses / "intro-101" / "ps1" / "p1.ipynb", as_version=4)
    assert {cell.metadata["nbgrader"]["schema_version"] for cell in copied.cells} == {3}
    assert path.read_bytes() == before


def test_cells_that_a_manifest_cannot_name_and_assignments_without_points_are_told(site: Site, tmp_path: Path) -> None:
    old = course_directory(tmp_path / "old", "ps1", "reading")
    cells = [nbgrader_cell("code", "assert True", name, grade=True, locked=True, points=1) for name in ("1a", "essay")]
    (old / "source" / "ps1" / "p2.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook(cells=cells)), encoding="utf-8")
    (old / "source" / "reading" / "p1.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook()), encoding="utf-8")
    adopted = adopt(site, old)
    assert "1a|a cell id that does not begin with a letter" in told(adopted)
    assert "essay|a cell id that another notebook has too" in told(adopted)
    assert adopted.assignments == ("ps1",)
    assert "nothing in it is worth points" in told(adopted)


def test_many_assignments_share_one_outcome_to_write(site: Site, tmp_path: Path) -> None:
    adopt(site, course_directory(tmp_path / "old", *(f"ps{number}" for number in range(7))))
    manifest = load_course(site.courses, "intro-101").manifest
    assert [each.id for each in manifest.outcomes] == ["outcome-1"]
    assert sum(each.weight for each in manifest.assessments) == pytest.approx(100)


def test_a_folder_among_the_sites_courses_gets_its_manifest_where_it_is(site: Site) -> None:
    folder = site.courses / "in-place"
    (folder / "ps1").mkdir(parents=True)
    (folder / "ps1" / "p1.ipynb").write_text(nbformat.writes(source_notebook()), encoding="utf-8")
    assert adopt(site, folder).points == {"ps1": 9}
    assert load_course(site.courses, "in-place").manifest.assessments[0].weight == 100
    with pytest.raises(ManifestError, match="manifest already"):
        adopt(site, folder)


def test_nothing_is_left_behind_where_a_course_cannot_come_in(site: Site, tmp_path: Path) -> None:
    old = course_directory(tmp_path / "old", "ps1")
    (old / "source" / "ps1" / "link").symlink_to("/etc/passwd")
    with pytest.raises(CopyRefusedError, match="link"):
        adopt(site, old)
    (old / "source" / "ps1" / "link").unlink()
    with pytest.raises(NameRefusedError, match="no course id"):
        adopt(site, old, name="Not An Id")
    with pytest.raises(UnknownAssignmentError, match="no assignment"):
        adopt(site, course_directory(tmp_path / "empty"))
    assert list(site.courses.iterdir()) == []
    adopt(site, old)
    with pytest.raises(ManifestError, match="already"):
        adopt(site, old)


def test_nbgraders_own_documentation_course_comes_in(site: Site, tmp_path: Path) -> None:
    shutil.copytree(USER_GUIDE, tmp_path / "course101")
    adopted = adopt(site, tmp_path / "course101")
    course = load_course(site.courses, "course101")
    assert adopted.points["ps1"] == 13
    assert "autotests.yml" in told(adopted)
    assert [each for each in check_course(course, today=TODAY) if each.code == "N60"]
