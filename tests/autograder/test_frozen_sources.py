from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.nbgrader_database import graded_folder, load_source
from courses.nbgrader_course import open_course
from courses.release import draft_course, find_release, frozen_source, release_course
from tests.courses.tiny_site import load_tiny_course, make_tiny_site

pytestmark = pytest.mark.slow


def test_a_released_course_is_graded_with_its_frozen_files_whatever_its_author_changes(tmp_path: Path) -> None:
    site = make_tiny_site(tmp_path)
    release_course(site, load_tiny_course(site), (), now=datetime(2026, 11, 20, tzinfo=UTC))
    root = site.course_root("tiny-course")
    release, course = find_release(root), open_course(root)
    assert release is not None
    before = load_source(course, "ps1")
    assert Path(before.folder) == frozen_source(root, release) / "ps1" == graded_folder(course, "ps1")
    (site.courses / "tiny-course" / "ps1" / "data.csv").write_text("other", encoding="utf-8")
    assert load_source(course, "ps1") == before
    (tmp_path / "draft").mkdir()
    draft = draft_course(site, load_tiny_course(site), ("ps1",), tmp_path / "draft")
    assert graded_folder(draft, "ps1") == site.courses / "tiny-course" / "ps1"
    assert load_source(draft, "ps1").digest != before.digest
