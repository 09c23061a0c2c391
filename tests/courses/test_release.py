from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import nbformat
import pytest

from courses.content_hash import folder_sha256
from courses.errors import ExchangeError, ReleaseRefusedError, StorageError, UnknownAssignmentError
from courses.nbgrader_course import open_course
from courses.release import draft_course, find_release, frozen_source, load_released_manifest, nbgrader_environment, release_course
from courses.release_record import load_frozen_release
from courses.settings import Site
from courses.storage import held_alone
from tests.courses.tiny_site import MANIFEST, SETTINGS, changed, load_tiny_course, make_tiny_site
from tests.small_course import source_notebook

pytestmark = pytest.mark.slow

_NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def release(site: Site, *, now: datetime = _NOW) -> object:
    return release_course(site, load_tiny_course(site), (), now=now)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site whose course is released once. Only read."""
    site = make_tiny_site(tmp_path_factory.mktemp("released"))
    release(site)
    return site


def test_the_learner_version_stands_in_the_exchange_without_solutions_and_hidden_tests(released: Site) -> None:
    outbound = released.exchange / "tiny-course" / "outbound" / "ps1"
    text = (outbound / "p1.ipynb").read_text(encoding="utf-8")
    assert "square(2) == 4" in text
    for hidden in ("return n * n", "found = 3", "square(-3)", "HIDDEN", "BEGIN SOLUTION"):
        assert hidden not in text
    assert (outbound / "data.csv").read_text(encoding="utf-8") == "a,b\n1,2\n"


def test_a_release_says_what_was_released_and_when(released: Site) -> None:
    found = find_release(released.course_root("tiny-course"))
    assert found is not None
    assert (found.course, found.version, found.assignments) == ("tiny-course", "1.0.0", ("ps1",))
    assert found.released_at == "2026-11-20T08:00:00+00:00"
    assert found.source_hash == folder_sha256(released.courses / "tiny-course")


def test_the_sources_are_frozen_under_their_hash(released: Site) -> None:
    root = released.course_root("tiny-course")
    found = find_release(root)
    assert found is not None
    assert folder_sha256(frozen_source(root, found)) == found.source_hash
    assert load_frozen_release(root, found.content_hash).sources == frozen_source(root, found)
    assert load_released_manifest(root).title.en == "Squares"


def test_the_course_directory_is_one_that_nbgraders_own_commands_work_in(released: Site) -> None:
    root = released.course_root("tiny-course")
    course = open_course(root)
    assert (course.course_id, course.exchange) == ("tiny-course", released.exchange)
    assert course.source("ps1") == released.courses / "tiny-course" / "ps1"
    with nbgrader_environment():
        program = Path(sys.executable).with_name("nbgrader")
        done = subprocess.run([program, "list", "--course", "tiny-course"], cwd=root, capture_output=True, text=True, check=False)
    assert "ps1" in done.stderr + done.stdout


def test_an_unreleased_course_has_no_release(tmp_path: Path) -> None:
    assert find_release(tmp_path) is None
    with pytest.raises(ReleaseRefusedError, match=r"is not released\nRun `patunay release"):
        load_released_manifest(tmp_path)


def test_releasing_twice_changes_nothing(tmp_path: Path) -> None:
    site = make_tiny_site(tmp_path)
    first = release(site)
    outbound = site.exchange / "tiny-course" / "outbound" / "ps1" / "p1.ipynb"
    before = outbound.stat().st_mtime_ns, outbound.stat().st_ino
    assert release(site, now=_NOW + timedelta(days=1)) == first
    assert (outbound.stat().st_mtime_ns, outbound.stat().st_ino) == before


def test_a_changed_course_is_released_anew_and_the_old_sources_stay(tmp_path: Path) -> None:
    site = make_tiny_site(tmp_path)
    release(site)
    root = site.course_root("tiny-course")
    first = find_release(root)
    node = source_notebook()
    node.cells[2].source = node.cells[2].source.replace("square(2) == 4", "square(5) == 25")
    (site.courses / "tiny-course" / "ps1" / "p1.ipynb").write_text(nbformat.writes(node), encoding="utf-8")
    with pytest.raises(ReleaseRefusedError, match=r"Q20 course\.toml:3, version: version 1\.0\.0 is released"):
        release(site, now=_NOW + timedelta(days=1))
    assert find_release(root) == first
    manifest = MANIFEST.replace('version = "1.0.0"\ncode', 'version = "1.1.0"\ncode')
    logged = '"First version." }, { version = "1.1.0", date = 2026-11-21, kind = "assessment", text = "Another test." }]'
    (site.courses / "tiny-course" / "course.toml").write_text(manifest.replace('"First version." }]', logged), encoding="utf-8")
    release(site, now=_NOW + timedelta(days=1))
    second = find_release(root)
    assert first is not None and second is not None
    assert first.content_hash != second.content_hash
    assert "square(5) == 25" in (site.exchange / "tiny-course" / "outbound" / "ps1" / "p1.ipynb").read_text(encoding="utf-8")
    assert "square(2) == 4" in (frozen_source(root, first) / "ps1" / "p1.ipynb").read_text(encoding="utf-8")


def test_a_blocking_finding_refuses_the_release_and_names_it(tmp_path: Path) -> None:
    site = make_tiny_site(tmp_path, manifest=changed("total = 2.0", "total = 9.0"))
    with pytest.raises(ReleaseRefusedError, match=r"1 blocking finding\(s\):\n  Q03 course.toml:\d+, notional_hours"):
        release(site)
    assert not site.course_root("tiny-course").exists()
    assert not site.exchange.exists()


def test_an_assignment_outside_the_manifest_is_refused(tmp_path: Path) -> None:
    site = make_tiny_site(tmp_path)
    with pytest.raises(UnknownAssignmentError, match="has no assignment 'ps9'"):
        release_course(site, load_tiny_course(site), ("ps9",), now=_NOW)


def test_an_exchange_that_cannot_be_made_is_said_in_words(tmp_path: Path) -> None:
    make_tiny_site(tmp_path)
    (tmp_path / "patunay.toml").write_text(SETTINGS + '\n[paths]\nexchange = "taken"\n', encoding="utf-8")
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    from courses.settings import load_site

    with pytest.raises(ExchangeError, match="the exchange cannot be made"):
        release(load_site(tmp_path))


def test_what_nbgrader_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    site = make_tiny_site(tmp_path)
    path = site.courses / "tiny-course" / "ps1" / "p1.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("### END SOLUTION", "### END"), encoding="utf-8")
    (tmp_path / "draft").mkdir()
    with pytest.raises(ReleaseRefusedError, match=r"nbgrader cannot make the learner version of 'ps1': .*(?i:solution)"):
        draft_course(site, load_tiny_course(site), ("ps1",), tmp_path / "draft")  # the gate of a release finds it before


def test_a_course_that_counts_late_work_as_zero_says_so_to_nbgrader(tmp_path: Path) -> None:
    site = make_tiny_site(tmp_path, manifest='late_policy = "zero"\n' + MANIFEST)
    release(site)
    assert open_course(site.course_root("tiny-course")).option("LateSubmissionPlugin", "penalty_method") == "zero"


def test_the_path_is_what_it_was_after_nbgraders_programs_were_made_findable() -> None:
    before = os.environ["PATH"]
    with nbgrader_environment():
        assert os.environ["PATH"].startswith(str(Path(sys.executable).parent))
    assert os.environ["PATH"] == before


def test_the_date_of_the_release_decides_whether_the_review_is_due(tmp_path: Path) -> None:
    site = make_tiny_site(tmp_path)
    with pytest.raises(ReleaseRefusedError, match="Q15"):
        release(site, now=datetime.combine(date(2027, 10, 6), datetime.min.time(), tzinfo=UTC))


def test_who_releases_while_another_does_is_told_so_and_releases_nothing(tmp_path: Path) -> None:
    site = make_tiny_site(tmp_path)
    root = site.course_root("tiny-course")
    root.mkdir(parents=True)
    with (
        held_alone(root / ".release.lock", "held"),
        pytest.raises(StorageError, match="another process is releasing this course"),
    ):
        release(site)
    assert find_release(root) is None
    assert list(site.exchange.rglob("*.ipynb")) == []
    release(site)
    assert find_release(root) is not None
