"""`patunay mutants` on a site with one small course, as an author uses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.courses.tiny_site import make_tiny_site
from tests.portal.commands import patunay

pytestmark = pytest.mark.slow


def test_an_author_sees_scores_and_survivors_and_accepts_one_by_its_id(tmp_path: Path) -> None:
    make_tiny_site(tmp_path)
    shown = patunay("mutants", "tiny-course", "--all", "--most", "6", cwd=tmp_path)
    assert shown.code == 0, shown.err
    assert "answer cells" in shown.out
    assert "mutants killed" in shown.out
    (report,) = patunay("mutants", "tiny-course", "ps1", "--most", "6", "--json", cwd=tmp_path).json()
    assert report["assignment"] == "ps1"
    assert report["mutants"]
    assert all(each["id"] in shown.out for each in report["mutants"])
    assert (tmp_path / "source_notebooks" / "tiny-course" / "course.toml").is_file()


def test_a_cell_that_there_is_not_is_said(tmp_path: Path) -> None:
    make_tiny_site(tmp_path)
    told = patunay("mutants", "tiny-course", "--cell", "nothing", cwd=tmp_path)
    assert told.code == 1
    assert "has a cell 'nothing'" in told.err


def test_an_accepted_mutant_without_a_reason_is_refused(tmp_path: Path) -> None:
    make_tiny_site(tmp_path)
    path = tmp_path / "source_notebooks" / "tiny-course" / "equivalent_mutants.toml"
    path.write_text('[[mutants]]\nassignment = "ps1"\nnotebook = "p1"\ncell = "c"\nmutant = "0123456789ab"\n', encoding="utf-8")
    told = patunay("mutants", "tiny-course", cwd=tmp_path)
    assert told.code == 1
    assert "reason: this field is required" in told.err
