from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator

from courses.authoring.scaffolds import new_assignment, new_course, scaffold_notebook
from courses.catalogue import load_course
from courses.checks import check_course
from courses.errors import ManifestError, NameRefusedError
from courses.findings import Finding
from courses.manifest_file import FILE_NAME
from courses.release import draft_course
from courses.settings import Site, load_site
from tests.courses.tiny_site import SETTINGS

TODAY = date(2026, 11, 29)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "patunay.toml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "source_notebooks").mkdir()
    return load_site(tmp_path)


def fill_in(folder: Path) -> None:
    """Fill in what a scaffold left open, and nothing else."""
    manifest = folder / FILE_NAME
    text = re.sub(r"TODO-?[\w-]*:?", "Sample", manifest.read_text(encoding="utf-8"))
    text = text.replace("reviewed_on = 1900-01-01", "reviewed_on = 2026-11-01").replace("review_by = 1900-01-02", "review_by = 2027-11-01")
    modules = text.count("= 999.0") - 1
    text = text.replace("total = 999.0", f"total = {2 * modules}.0").replace("999.0", "2.0").replace('an author"', 'Ana"')
    manifest.write_text(text.replace("Sample who reviewed it; not", "Sample by"), encoding="utf-8")
    for notebook in folder.glob("*/*.ipynb"):
        notebook.write_text(notebook.read_text(encoding="utf-8").replace("TODO(author): ", ""), encoding="utf-8")


def findings(site: Site, course: str) -> list[Finding]:
    return check_course(load_course(site.courses, course), today=TODAY)


def test_a_new_course_parses_and_every_placeholder_is_found(site: Site) -> None:
    made = new_course(site, "reading-tables", title=None, assignment="columns", today=TODAY)
    placeholders = [each for each in findings(site, "reading-tables") if each.code == "N60"]
    text = made.files[0].read_text(encoding="utf-8")
    open_lines = [number for number, line in enumerate(text.splitlines(), start=1) if re.search(r"= .*(TODO|1900-|999\.0)", line)]
    found_lines = {each.place.line for each in placeholders if each.place and each.place.line}
    assert found_lines == set(open_lines)
    assert all(each.is_blocking for each in placeholders)
    assert {each.place.cell_index for each in placeholders if each.place and each.place.notebook} == {0, 1}


def test_a_new_course_passes_the_gate_when_its_placeholders_are_filled_in(site: Site) -> None:
    new_course(site, "reading-tables", title="Reading tables", assignment="columns", today=TODAY)
    new_assignment(site, "reading-tables", "rows and columns", title=None, weight=40)
    fill_in(site.courses / "reading-tables")
    assert [f"{each.code} {each.where}: {each.problem}" for each in findings(site, "reading-tables") if each.is_blocking] == []


@pytest.mark.slow
def test_nbgrader_makes_the_learner_version_of_a_scaffold(site: Site, tmp_path: Path) -> None:
    new_course(site, "reading-tables", title=None, assignment="columns", today=TODAY)
    draft = draft_course(site, load_course(site.courses, "reading-tables"), ("columns",), tmp_path / "draft")
    released = (draft.release("columns") / "columns.ipynb").read_text(encoding="utf-8")
    assert "return 2 * number" not in released
    assert "double(-3)" not in released
    assert "double(2) == 4" in released


def test_the_scaffolds_metadata_is_schema_3() -> None:
    node = scaffold_notebook()
    nbformat.validate(node)
    MetadataValidator().validate_nb(node)
    assert [cell.metadata.nbgrader.schema_version for cell in node.cells if "nbgrader" in cell.metadata] == [3] * 4


def test_the_same_scaffold_is_written_each_time() -> None:
    assert nbformat.writes(scaffold_notebook()) == nbformat.writes(scaffold_notebook())


def test_nothing_is_overwritten(site: Site) -> None:
    made = new_course(site, "reading-tables", title=None, assignment="columns", today=TODAY)
    before = [path.read_bytes() for path in made.files]
    with pytest.raises(ManifestError, match="there already"):
        new_course(site, "reading-tables", title="Other", assignment="columns", today=TODAY)
    with pytest.raises(ManifestError, match="there already"):
        new_assignment(site, "reading-tables", "columns", title=None, weight=30)
    (site.courses / "reading-tables" / "drafts").mkdir()
    with pytest.raises(ManifestError, match="there already"):
        new_assignment(site, "reading-tables", "drafts", title=None, weight=30)
    assert [path.read_bytes() for path in made.files] == before


def test_weights_are_not_shared_unasked(site: Site) -> None:
    made = new_course(site, "reading-tables", title=None, assignment="columns", today=TODAY)
    with pytest.raises(ManifestError, match="weights sum to 100 already") as refused:
        new_assignment(site, "reading-tables", "rows", title=None, weight=None)
    assert "--weight 50" in refused.value.remedy
    assert not (made.files[0].parent / "rows").exists()
    after = new_assignment(site, "reading-tables", "rows", title=None, weight=30)
    assert after.weights == {"columns": 70.0, "rows": 30.0}


@pytest.mark.parametrize("name", ["Reading Tables", "a--b", "../x", "", "x/y"])
def test_a_name_that_is_no_course_id_is_refused(site: Site, name: str) -> None:
    with pytest.raises(NameRefusedError, match="no course id"):
        new_course(site, name, title=None, assignment="columns", today=TODAY)


@pytest.mark.parametrize("name", ["../x", ".hidden", "", "a+b", "a\nb"])
def test_a_name_that_is_no_folder_is_refused(site: Site, name: str) -> None:
    with pytest.raises(NameRefusedError, match="cannot be the name"):
        new_course(site, "reading-tables", title=None, assignment=name, today=TODAY)
    assert not (site.courses / "reading-tables").exists()


def test_a_title_with_quotes_and_backslashes_stays_as_it_was_typed(site: Site) -> None:
    title = "Reading \"tables\" \\ and {id} {title} 'rows'"
    new_course(site, "reading-tables", title=title, assignment='the "first"'.replace('"', "'"), today=TODAY)
    assert load_course(site.courses, "reading-tables").manifest.title.en == title
