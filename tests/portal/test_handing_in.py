"""Files are handed in whole, under the names that the assignment has, and nothing else is written anywhere."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.errors import SubmissionError
from autograder.records import open_records
from courses.nbgrader_course import open_course
from courses.settings import Site
from portal.attempt_states import Stage, state_of
from portal.course_work import collect_course
from portal.handing_in import LARGEST_UPLOAD_BYTES, Receipt, assignment_archive, hand_in, released_files, require_room, wanted_files
from portal.uploads import Upload, sort_out
from tests.small_site import COURSE, Someone, enter_results, released_site

pytestmark = pytest.mark.slow
NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return released_site(tmp_path_factory.mktemp("handing-in") / "site", tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def notebook(site: Site) -> bytes:
    with zipfile.ZipFile(io.BytesIO(assignment_archive(site, COURSE, "ana", "basics"))) as archive:
        return archive.read("basics/basics.ipynb")


def zipped(**files: bytes) -> Upload:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return Upload("work.zip", packed.getvalue())


def send(site: Site, learner: str, assignment: str, uploads: list[Upload]) -> Receipt:
    """Hand in as the portal does, without a process."""
    return hand_in(site, COURSE, learner, assignment, sort_out(uploads, wanted_files(site, COURSE, assignment)), now=NOW)


def inbound(site: Site) -> list[Path]:
    return sorted((site.exchange / COURSE / "inbound").iterdir())


def test_the_archive_handed_back_is_a_submission_and_collected_under_its_receipt(site: Site) -> None:
    archive = assignment_archive(site, COURSE, "ana", "basics")
    assert archive == assignment_archive(site, COURSE, "ana", "basics")
    receipt = send(site, "ana", "basics", [Upload("basics.zip", archive)])
    assert (receipt.files, receipt.missing) == (released_files(site, COURSE, "basics"), ())
    waiting = state_of(site, COURSE, "ana", "basics")
    assert (waiting.stage, waiting.attempts[0].digest, waiting.is_settled) == (Stage.QUEUED, receipt.digest, False)
    assert collect_course(site, COURSE, ("basics",), now=NOW)["basics"].new == 1
    collected = state_of(site, COURSE, "ana", "basics")
    assert [(each.number, each.digest, each.submitted_at) for each in collected.attempts] == [(1, receipt.digest, NOW)]
    folder = collected.attempts[0].folder
    assert folder is not None and folder.is_dir()


def test_what_systems_put_into_zips_unasked_is_passed_over(site: Site, notebook: bytes) -> None:
    upload = zipped(
        **{"basics/basics.ipynb": notebook, "__MACOSX/basics/._basics.ipynb": b"x", "basics/.DS_Store": b"x", "basics/my_variant.py": b"x"}
    )
    assert send(site, "ben", "basics", [upload]).files == ("basics.ipynb",)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"../../../../tmp/evil.ipynb": b"{}", "a.ipynb": b"{}"}, "no notebook that can be read"),
        ({"/etc/passwd": b"root"}, "no file of this assignment"),
        ({"basics.ipynb": b"{}"}, "no notebook that can be read"),
        ({"basics.ipynb": b"\x00" * (LARGEST_UPLOAD_BYTES + 10)}, "holds more than is taken"),
        ({}, "there is no notebook"),
    ],
    ids=["climbing", "absolute", "empty", "bomb", "nothing"],
)
def test_a_hostile_zip_leaves_nothing_behind(site: Site, files: dict[str, bytes], told: str) -> None:
    before = inbound(site)
    with pytest.raises(SubmissionError, match=told):
        send(site, "ana", "basics", [zipped(**files)])
    assert inbound(site) == before


def test_a_file_is_sent_once_and_only_a_file_of_the_assignment(site: Site, notebook: bytes) -> None:
    for uploads, told in (
        ([Upload("basics.ipynb", notebook)] * 2, "there twice"),
        ([Upload("basics.ipynb", notebook), Upload("timestamp.txt", b"2020-01-01 00:00:00 UTC")], "no file of this assignment"),
    ):
        with pytest.raises(SubmissionError, match=told):
            send(site, "ana", "basics", uploads)


def test_only_files_of_the_assignment_are_stored_whoever_sorted_them_out(site: Site, notebook: bytes) -> None:
    before = inbound(site)
    for files, told in (
        ({"basics.ipynb": notebook, "../../evil.py": b""}, "not of this assignment"),
        ({"basics.ipynb": b"x" * (LARGEST_UPLOAD_BYTES + 1)}, "more than is taken"),
    ):
        with pytest.raises(SubmissionError, match=told):
            hand_in(site, COURSE, "ana", "basics", files, now=NOW)
    assert inbound(site) == before


def test_an_assignment_that_is_not_released_takes_nothing(site: Site, notebook: bytes) -> None:
    for name in ("nosuch", "."):
        with pytest.raises(Exception, match=r"no released assignment|cannot be the name"):
            send(site, "ana", name, [Upload("basics.ipynb", notebook)])


def test_an_attempt_that_a_run_has_begun_with_is_being_graded(site: Site, tmp_path: Path) -> None:
    enter_results(site, (Someone("cora", "Cora Cruz"),))
    assert state_of(site, COURSE, "cora", "basics").stage is Stage.GRADED
    assert state_of(site, COURSE, "nobody", "basics").stage is Stage.NOT_STARTED
    with open_records(open_course(site.course_root(COURSE))) as session:
        digest = state_of(site, COURSE, "ana", "basics").attempts[0].digest
        session.connection().exec_driver_sql(
            "INSERT INTO grading_run (id, assignment, source_digest, version, engine, execution, scoring, sandbox, layers, limits, environment,"
            f" submissions, started_at, outcome, digest) VALUES ('r', 'basics', 's', 3, 'sealed', 'fork', 'strict', '', '{{}}', '{{}}', '{{}}', '[\"{digest}\"]', '2026', '', '')"
        )
        session.commit()
    assert state_of(site, COURSE, "ana", "basics").stage is Stage.RUNNING


def test_an_attempt_is_graded_when_the_gradebook_shows_it_and_not_a_moment_before(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    site = released_site(tmp_path / "site", tmp_path_factory.getbasetemp())
    enter_results(site, (Someone("cora", "Cora Cruz"),))
    with open_records(open_course(site.course_root(COURSE))) as session:
        session.connection().exec_driver_sql("UPDATE result SET recorded = 0")
        session.commit()
    state = state_of(site, COURSE, "cora", "basics")
    assert (state.stage, state.is_settled) == (Stage.RUNNING, False)


@pytest.mark.parametrize(
    ("is_enrolled", "left", "waiting", "told"),
    [(False, None, 0, "not in this course"), (True, 0, 0, "all your attempts are used"), (True, None, 10, "wait to be graded")],
)
def test_who_may_hand_in_no_more_is_told_why_and_whom_to_ask(is_enrolled: bool, left: int | None, waiting: int, told: str) -> None:
    with pytest.raises(SubmissionError, match=told) as caught:
        require_room(is_enrolled=is_enrolled, attempts_left=left, waiting=waiting)
    assert caught.value.remedy
    require_room(is_enrolled=True, attempts_left=None if left is None else 1, waiting=9)
