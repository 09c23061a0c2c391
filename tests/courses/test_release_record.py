from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.content_hash import APPROVALS, course_sha256, folder_sha256, hash_of_files
from courses.errors import ReleaseRefusedError
from courses.release import Release, find_release, release_course
from courses.release_environment import release_environment
from courses.release_record import RECORD, ReleaseRecord, describe_release, kept_releases, load_frozen_release
from courses.settings import Site
from tests.courses.test_release import _NOW
from tests.courses.tiny_site import load_tiny_course, make_tiny_site

pytestmark = pytest.mark.slow

_HASH = st.text("0123456789abcdef", min_size=64, max_size=64)
_NAME = st.text(min_size=1, max_size=12)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, Release]:
    """A site whose course is released once. Only read."""
    site = make_tiny_site(tmp_path_factory.mktemp("released"))
    return site, release_course(site, load_tiny_course(site), (), now=_NOW)


@pytest.fixture
def root(released: tuple[Site, Release], tmp_path: Path) -> Path:
    """A copy of the released course's directory, to change something in."""
    return Path(shutil.copytree(released[0].course_root("tiny-course"), tmp_path / "tiny-course"))


def test_the_content_hash_is_the_sha256_of_the_record_that_names_every_file(released: tuple[Site, Release]) -> None:
    site, release = released
    folder = site.course_root("tiny-course") / "releases" / release.content_hash
    content = (folder / RECORD).read_bytes()
    assert hashlib.sha256(content).hexdigest() == release.content_hash
    told = json.loads(content)
    assert sorted(told["files"]) == ["course.toml", "ps1/data.csv", "ps1/p1.ipynb"]
    assert all(hashlib.sha256((folder / "tiny-course" / name).read_bytes()).hexdigest() == digest for name, digest in told["files"].items())
    assert told["sources_sha256"] == folder_sha256(folder / "tiny-course") == release.source_hash


def test_the_environment_is_part_of_the_release(released: tuple[Site, Release]) -> None:
    course = load_tiny_course(released[0])
    first, second = (describe_release(course, {"python": version}) for version in ("3.11.1", "3.11.2"))
    assert first.sources_sha256 == second.sources_sha256
    assert first.content_hash != second.content_hash


def test_the_environment_names_what_the_notebooks_import_and_nothing_else(tmp_path: Path) -> None:
    site = make_tiny_site(tmp_path)
    assert set(release_environment(load_tiny_course(site))) == {"python", "patunay"}
    (site.courses / "tiny-course" / "ps1" / "helper.py").write_text("import numpy.linalg\nimport json\n", encoding="utf-8")
    assert set(release_environment(load_tiny_course(site))) == {"python", "patunay", "numpy"}


def test_a_release_in_another_environment_leaves_the_learner_version_alone(tmp_path: Path) -> None:
    site = make_tiny_site(tmp_path)
    first = release_course(site, load_tiny_course(site), (), now=_NOW, environment={"python": "3.11.1"})
    outbound = site.exchange / "tiny-course" / "outbound" / "ps1" / "p1.ipynb"
    before = outbound.stat().st_mtime_ns, outbound.stat().st_ino
    second = release_course(site, load_tiny_course(site), (), now=_NOW, environment={"python": "3.11.2"})
    assert (outbound.stat().st_mtime_ns, outbound.stat().st_ino) == before
    assert (second.source_hash, second.version) == (first.source_hash, first.version)
    assert second.content_hash != first.content_hash
    assert kept_releases(site.course_root("tiny-course")) == sorted({first.content_hash, second.content_hash})


def test_the_record_of_the_reviews_is_no_part_of_what_they_approve(released: tuple[Site, Release], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(released[0].courses / "tiny-course", tmp_path / "tiny-course"))
    before = course_sha256(folder)
    (folder / APPROVALS).write_text("x = 1", encoding="utf-8")
    assert course_sha256(folder) == before
    (folder / "ps1" / APPROVALS).write_text("x = 1", encoding="utf-8")
    assert course_sha256(folder) != before


@given(st.dictionaries(_NAME, _HASH, max_size=4), st.dictionaries(_NAME, _NAME, max_size=4), _HASH)
def test_any_record_reads_back_under_its_own_hash(files: dict[str, str], environment: dict[str, str], digest: str) -> None:
    record = ReleaseRecord(course="c", version="1.0.0", sources_sha256=digest, files=files, environment=environment)
    again = ReleaseRecord.model_validate_json(record.text())
    assert again.content_hash == record.content_hash == hashlib.sha256(record.text().encode()).hexdigest()


@given(st.dictionaries(st.text("ab/ \n\\c.", min_size=1, max_size=6), _HASH, max_size=4), st.data())
def test_another_file_or_another_content_is_another_hash(files: dict[str, str], data: st.DataObject) -> None:
    name, digest = data.draw(st.text("ab/ \n\\c.", min_size=1, max_size=6)), data.draw(_HASH)
    other = {**files, name: digest}
    assert (hash_of_files(other) == hash_of_files(files)) == (other == files)


@pytest.mark.parametrize("name", ["tiny-course/ps1/data.csv", "tiny-course/course.toml", RECORD])
def test_a_release_that_was_changed_is_refused(root: Path, name: str) -> None:
    release = find_release(root)
    assert release is not None
    path = root / "releases" / release.content_hash / name
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(ReleaseRefusedError, match="the frozen sources are not what was released"):
        load_frozen_release(root, release.content_hash)


def test_a_file_that_was_added_or_taken_away_is_noticed(root: Path) -> None:
    release = find_release(root)
    assert release is not None
    folder = root / "releases" / release.content_hash / "tiny-course" / "ps1"
    (folder / "more.csv").write_text("1", encoding="utf-8")
    with pytest.raises(ReleaseRefusedError, match=r"more\.csv: the frozen sources"):
        load_frozen_release(root, release.content_hash)
    (folder / "more.csv").unlink()
    (folder / "data.csv").unlink()
    with pytest.raises(ReleaseRefusedError, match=r"data\.csv: the frozen sources"):
        load_frozen_release(root, release.content_hash)


def test_a_release_of_before_there_were_records_is_read_under_its_folders_hash(released: tuple[Site, Release], tmp_path: Path) -> None:
    sources = released[0].courses / "tiny-course"
    digest = folder_sha256(sources)
    shutil.copytree(sources, tmp_path / "releases" / digest / "tiny-course")
    current = {
        "course": "tiny-course",
        "version": "1.0.0",
        "content_hash": digest,
        "released_at": "2026-11-20T08:00:00+00:00",
        "assignments": ["ps1"],
    }
    (tmp_path / "current-release.json").write_text(json.dumps(current), encoding="utf-8")
    found = find_release(tmp_path)
    assert found is not None and found.source_hash == found.content_hash == digest
    kept = load_frozen_release(tmp_path, digest)
    assert kept.record is None and kept.sources == tmp_path / "releases" / digest / "tiny-course"
    (kept.sources / "ps1" / "data.csv").write_text("", encoding="utf-8")
    with pytest.raises(ReleaseRefusedError, match="the frozen sources are not what was released"):
        load_frozen_release(tmp_path, digest)


@pytest.mark.parametrize("digest", ["", "../../etc", "a" * 64, "A" * 64])
def test_a_release_that_is_not_there_is_refused(digest: str) -> None:
    with tempfile.TemporaryDirectory() as scratch, pytest.raises(ReleaseRefusedError, match="there is no release"):
        load_frozen_release(Path(scratch), digest)
