"""A course goes on to a new version, and later retires: what was earned before stays verifiable, and can be graded again with the tests of its own time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
import pytest

from autograder.nbgrader_database import open_gradebook
from autograder.records import attempts_of, newest_result, open_records
from courses.catalogue import load_course
from courses.errors import ReleaseRefusedError
from courses.nbgrader_course import open_course
from courses.release import find_release, release_course
from courses.reviewing import take_step
from courses.settings import Site
from issuer.credential_files import file_name
from issuer.frozen_courses import manifest_of
from issuer.ledger import Credential, open_ledger
from issuer.resolvers import FolderResolver
from issuer.verification import Verdict
from portal.awarding import approve, issue, prepare
from portal.course_work import GradeRequest, grade_course
from portal.older_versions import Rechecked, recheck_version, releases_of
from portal.site_making import make_site
from portal.verifying import verify_source
from tests.portal.commands import patunay
from tests.small_site import COURSE, WANTED, change_score, write_course

pytestmark = pytest.mark.thorough

ANSWERS = {"basics": ("def square(n):\n    return n * n if n < 9 else 0",), "project": ("plan = 'mine'",)}
"""Right by the tests of version 1.0.0; the square of 9 is asked for by those of 1.1.0."""


def now() -> datetime:
    return datetime.now(UTC)


def nobody_looks(_done: int, _all: int) -> None:
    """Progress that nobody looks at."""


def submit(site: Site, learner: str) -> None:
    root = site.course_root(COURSE)
    for assignment, answers in ANSWERS.items():
        folder = root / "submitted" / learner / assignment
        folder.mkdir(parents=True)
        node = nbformat.read(root / "release" / assignment / f"{assignment}.ipynb", as_version=4)
        solutions = [cell for cell in node.cells if cell.metadata.get("nbgrader", {}).get("solution") and cell.cell_type == "code"]
        for cell, answer in zip(solutions, answers, strict=True):
            cell.source = answer
        (folder / f"{assignment}.ipynb").write_text(nbformat.writes(node), encoding="utf-8")


def grade(site: Site) -> None:
    grade_course(site, COURSE, (), GradeRequest(jobs=1), now=now, progress=nobody_looks)


def scores(site: Site) -> dict[str, float | None]:
    """Return what ana's newest result gives each test of `basics`."""
    with open_records(site.course_root(COURSE)) as session:
        result = newest_result(attempts_of(session, "basics")["ana"][-1])
    assert result is not None
    return {cell["name"]: cell["auto_score"] for cell in result.cell_list()}


def verdict(site: Site, credential: Path) -> Verdict:
    found = verify_source(str(credential), resolver=FolderResolver(site.root, authoritative=True), now=now())
    assert found.report is not None, found.problem
    return found.report.verdict


def go_on_to_the_next_version(site: Site) -> None:
    folder = site.courses / COURSE
    path = folder / "basics" / "basics.ipynb"
    node = nbformat.read(path, as_version=4)
    node.cells[1].source = "assert square(2) == 4\nassert square(9) == 81"
    path.write_text(nbformat.writes(node), encoding="utf-8")
    text = (folder / "course.toml").read_text(encoding="utf-8").replace('version = "1.0.0"\ncode', 'version = "1.1.0"\ncode')
    logged = f'"First version." }}, {{ version = "1.1.0", date = {now().date()}, kind = "assessment", text = "Also 9." }}]'
    (folder / "course.toml").write_text(text.replace('"First version." }]', logged), encoding="utf-8")
    release_course(site, load_course(site.courses, COURSE), (), now=now() + timedelta(minutes=1))


def issue_to_ana(site: Site) -> Path:
    change_score(site, "ana", "project", "essay", 4.0)
    with open_gradebook(open_course(site.course_root(COURSE))) as gradebook:
        gradebook.update_or_create_student("ana", first_name="Ana", last_name="Dizon", email="ana@learners.example")
    prepared = prepare(site, COURSE, by="Luz", now=now())
    assert prepared.batch is not None
    approve(site, prepared.batch, by="Ben", now=now())
    issue(site, prepared.batch, now=now(), progress=nobody_looks)
    (credential,) = (site.root / "credentials").glob("*.json")
    return credential


def same(found: tuple[Rechecked, ...]) -> dict[str, bool]:
    return {each.assignment: each.is_same for each in found}


def test_what_was_earned_with_an_older_version_stays_and_can_be_graded_with_its_own_tests(tmp_path: Path) -> None:
    site = make_site(tmp_path / "site", WANTED)
    write_course(site.courses)
    release_course(site, load_course(site.courses, COURSE), (), now=now())
    submit(site, "ana")
    grade(site)
    assert scores(site) == {"test_square": 2.0, "test_sum": 8.0}
    credential = issue_to_ana(site)
    assert verdict(site, credential) is Verdict.VALID

    go_on_to_the_next_version(site)
    assert verdict(site, credential) is Verdict.VALID
    with open_ledger(site.ledger_url) as session:
        (row,) = session.query(Credential).all()
        assert file_name(row.id) == credential.stem
        assert manifest_of(site, session, row).version == "1.0.0"
    assert same(recheck_version(site, COURSE, "1.0.0", (), now=now, progress=nobody_looks)) == {"basics": True, "project": True}
    assert same(recheck_version(site, COURSE, "1.1.0", (), now=now, progress=nobody_looks)) == {"project": True}, "which did not change"

    grade(site)
    assert scores(site) == {"test_square": 0.0, "test_sum": 8.0}, "attempts of before are graded by the new version's tests"
    ran = patunay("course", "recheck", COURSE, "1.0.0", "--learner", "ana", "--json", cwd=site.root, timeout_s=500)
    assert ran.code == 0, ran.err
    basics, project = json.loads(ran.out)
    assert basics["recorded"] == basics["found"] == {"basics.ipynb, test_square": 2.0, "basics.ipynb, test_sum": 8.0}
    assert basics["same"] and project["same"]
    assert scores(site) == {"test_square": 0.0, "test_sum": 8.0}, "a recheck changes nothing"

    course = load_course(site.courses, COURSE)
    take_step(site, course, "retired", person="Luz", role="Dean", note="Replaced.", today=now().date())
    with pytest.raises(ReleaseRefusedError, match=r"W05 approvals\.toml: the course is retired"):
        release_course(site, load_course(site.courses, COURSE), (), now=now())
    grade(site)
    assert verdict(site, credential) is Verdict.VALID
    refuse_a_changed_release(site)


def refuse_a_changed_release(site: Site) -> None:
    root = site.course_root(COURSE)
    release = find_release(root)
    assert release is not None and release.version == "1.1.0"
    with pytest.raises(ReleaseRefusedError, match=r"there is no release '9\.9\.9' of this course\nReleased were: 1\.0\.0, 1\.1\.0\."):
        releases_of(root, "9.9.9")
    (by_hash,) = releases_of(root, release.content_hash[:12])
    assert by_hash.content_hash == release.content_hash
    (by_hash.sources / "basics" / "basics.ipynb").write_text("{}", encoding="utf-8")
    with pytest.raises(ReleaseRefusedError, match="the frozen sources are not what was released"):
        releases_of(root, "1.1.0")
