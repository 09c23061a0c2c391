from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from autograder.crediting import choose_attempts
from autograder.records import Attempt, attempts_of, open_records
from autograder.submissions import Collected, adopt_submitted, collect_attempts, show_credited
from courses.attempts import AttemptRule
from courses.content_hash import folder_sha256
from courses.errors import ExchangeError
from courses.nbgrader_course import NbgraderCourse, open_course

_NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def course(tmp_path: Path) -> NbgraderCourse:
    root = tmp_path / "course"
    root.mkdir()
    config = f"c = get_config()\nc.CourseDirectory.course_id = 'small'\nc.Exchange.root = '{tmp_path / 'exchange'}'\n"
    (root / "nbgrader_config.py").write_text(config, encoding="utf-8")
    (tmp_path / "exchange" / "small" / "inbound").mkdir(parents=True)
    return open_course(root)


def hand_in(course: NbgraderCourse, name: str, content: str = "{}", *, secret: bool = True) -> Path:
    """Put a submission into the exchange as `nbgrader submit` does."""
    folder = course.exchange / "small" / "inbound" / name
    folder.mkdir()
    (folder / "p1.ipynb").write_text(content, encoding="utf-8")
    (folder / "timestamp.txt").write_text(name.split("+")[2], encoding="utf-8")
    if secret:
        (folder / "submission_secret.txt").write_text(name, encoding="utf-8")
    return folder


def put_submitted(course: NbgraderCourse, learner: str, content: str = "{}", timestamp: str | None = "2026-11-20 08:00:00 UTC") -> Path:
    folder = course.submitted(learner, "ps1")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "p1.ipynb").write_text(content, encoding="utf-8")
    if timestamp:
        (folder / "timestamp.txt").write_text(timestamp, encoding="utf-8")
    return folder


def collect(course: NbgraderCourse) -> Collected:
    with open_records(course.root) as session:
        return collect_attempts(course, "ps1", session, now=_NOW)


def adopt(course: NbgraderCourse) -> int:
    """Return how many attempts were new."""
    with open_records(course.root) as session:
        before = sum(map(len, attempts_of(session, "ps1").values()))
        adopted = adopt_submitted(course, "ps1", session, now=_NOW)
        assert adopted == attempts_of(session, "ps1")
        return sum(map(len, adopted.values())) - before


def show(course: NbgraderCourse, allowed: int | None = None) -> None:
    with open_records(course.root) as session:
        show_credited(course, choose_attempts(course, "ps1", attempts_of(session, "ps1"), AttemptRule(allowed)))


def attempts(course: NbgraderCourse) -> dict[str, list[Attempt]]:
    with open_records(course.root) as session:
        return attempts_of(session, "ps1")


def test_every_attempt_is_taken_once_and_kept(course: NbgraderCourse) -> None:
    hand_in(course, "ana+ps1+2026-11-20 08:00:00 UTC", "1")
    hand_in(course, "ana+ps1+2026-11-21 08:00:00 UTC+abc", "2")
    hand_in(course, "ana+ps2+2026-11-21 08:00:00 UTC", "other")
    assert collect(course) == Collected(new=2, known=0, refused=())
    assert collect(course) == Collected(new=0, known=2, refused=())
    kept = attempts(course)["ana"]
    assert [(course.root / each.folder / "p1.ipynb").read_text(encoding="utf-8") for each in kept] == ["1", "2"]
    assert [each.submitted_at for each in kept] == ["2026-11-20T08:00:00+00:00", "2026-11-21T08:00:00+00:00"]
    assert {each.collected_at for each in kept} == {"2026-11-23T00:00:00+00:00"}


def test_a_submission_that_is_still_being_copied_is_taken_later(course: NbgraderCourse) -> None:
    folder = hand_in(course, "ana+ps1+2026-11-20 08:00:00 UTC", secret=False)
    with open_records(course.root) as session:
        just_now = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
        assert collect_attempts(course, "ps1", session, now=just_now).new == 0
        assert collect_attempts(course, "ps1", session, now=just_now + timedelta(minutes=10)).new == 1


def test_an_attempt_is_named_by_its_content_without_time_and_secret(course: NbgraderCourse) -> None:
    first = hand_in(course, "ana+ps1+2026-11-20 08:00:00 UTC")
    hand_in(course, "ben+ps1+2026-11-21 08:00:00 UTC")
    collect(course)
    found = attempts(course)
    assert found["ana"][0].digest == found["ben"][0].digest == folder_sha256(first, ignored=("timestamp.txt", "submission_secret.txt"))
    assert (course.root / found["ben"][0].folder / "submission_secret.txt").exists(), "release_feedback needs it"


def test_an_attempt_stays_as_it_was_when_the_learner_changes_it_in_the_exchange(course: NbgraderCourse) -> None:
    folder = hand_in(course, "ana+ps1+2026-11-20 08:00:00 UTC", "first")
    collect(course)
    (folder / "p1.ipynb").write_text("second thoughts", encoding="utf-8")
    collect(course)
    (kept,) = attempts(course)["ana"]
    assert (course.root / kept.folder / "p1.ipynb").read_text(encoding="utf-8") == "first"


@pytest.mark.parametrize("kind", ["link", "folder link", "pipe"])
def test_what_cannot_be_taken_is_recorded_with_its_refusal_and_read_no_further(course: NbgraderCourse, kind: str) -> None:
    secret = course.root / "secret"
    secret.mkdir()
    (secret / "hidden").write_text("hidden tests", encoding="utf-8")
    folder = hand_in(course, "eve+ps1+2026-11-20 08:00:00 UTC")
    hand_in(course, "zed+ps1+2026-11-20 08:00:00 UTC")
    if kind == "pipe":
        os.mkfifo(folder / "x")
    else:
        (folder / "x").symlink_to(secret if kind == "folder link" else secret / "hidden")
    collected = collect(course)
    assert (collected.new, len(collected.refused)) == (2, 1)
    assert collected.refused[0].startswith("eve, ps1: 'x' is")
    (attempt,) = attempts(course)["eve"]
    assert attempt.refusal
    assert attempt.folder == ""
    assert not any("hidden tests" in path.read_text(encoding="utf-8") for path in (course.root / "attempts").rglob("*") if path.is_file())
    assert collect(course) == Collected(new=0, known=2, refused=())


@pytest.mark.parametrize(
    "name",
    [
        "..+ps1+2026-11-20 08:00:00 UTC",
        ".+ps1+2026-11-20 08:00:00 UTC",
        "ana+..+2026-11-20 08:00:00 UTC",
        "+ps1+2026-11-20 08:00:00 UTC",
        "ana+ps1+yesterday at noon or so",
        "ana+ps1",
        "ana",
        "ana\n+ps1+2026-11-20 08:00:00 UTC",
        "a\\..\\b+ps1+2026-11-20 08:00:00 UTC",
        "a+ps1+9999999999999-11-20 08:00:00 UTC",
    ],
)
def test_a_folder_whose_name_makes_no_sense_is_left_alone(course: NbgraderCourse, name: str) -> None:
    (course.exchange / "small" / "inbound" / name).mkdir()
    hand_in(course, "ana+ps1+2026-11-20 08:00:00 UTC")
    assert collect(course) == Collected(new=1, known=0, refused=())
    assert list(attempts(course)) == ["ana"]


def test_a_link_to_a_folder_is_no_submission(course: NbgraderCourse, tmp_path: Path) -> None:
    (course.exchange / "small" / "inbound" / "eve+ps1+2026-11-20 08:00:00 UTC").symlink_to(tmp_path)
    assert collect(course).new == 0


def test_a_file_name_of_a_learner_cannot_leave_the_store(course: NbgraderCourse) -> None:
    folder = hand_in(course, "eve+ps1+2026-11-20 08:00:00 UTC")
    for name in ("..\\..\\x", "...", "-rf", "a\nb", "~", "$(touch x)", "%2e%2e%2fx"):
        (folder / name).write_text("1", encoding="utf-8")
    before = {path for path in course.root.parent.rglob("*") if "attempts" not in path.parts}
    collect(course)
    show(course)
    strange = {path for path in course.root.parent.rglob("*") if "attempts" not in path.parts} - before
    assert all(
        path == course.root / "submitted"
        or (course.root / "submitted") in path.parents
        or path.name.startswith(("grading.db", ".grading.lock"))
        for path in strange
    )
    assert (course.submitted("eve", "ps1") / "$(touch x)").is_file()


def test_without_an_inbound_folder_the_error_says_what_to_do(course: NbgraderCourse) -> None:
    (course.exchange / "small" / "inbound").rmdir()
    with pytest.raises(ExchangeError, match=r"(?s)has no inbound folder.*patunay release small"):
        collect(course)


def test_a_crash_after_copying_leaves_nothing_that_stops_the_next_call(course: NbgraderCourse) -> None:
    hand_in(course, "ana+ps1+2026-11-20 08:00:00 UTC")
    with open_records(course.root) as session:
        session.commit = lambda: (_ for _ in ()).throw(KeyboardInterrupt)  # type: ignore[method-assign]  # the crash
        with pytest.raises(KeyboardInterrupt):
            collect_attempts(course, "ps1", session, now=_NOW)
    assert attempts(course) == {}
    assert collect(course) == Collected(new=1, known=0, refused=())
    assert len(list((course.root / "attempts" / "ps1" / "ana").iterdir())) == 1


def test_what_lies_in_submitted_is_adopted_once(course: NbgraderCourse) -> None:
    put_submitted(course, "ana")
    assert (adopt(course), adopt(course)) == (1, 0)
    put_submitted(course, "ana", "changed", "2026-11-21 08:00:00 UTC")
    assert (adopt(course), adopt(course)) == (1, 0)
    assert [each.submitted_at for each in attempts(course)["ana"]] == ["2026-11-20T08:00:00+00:00", "2026-11-21T08:00:00+00:00"]


@pytest.mark.parametrize("timestamp", [None, "", "soon", "x" * 10_000])
def test_a_submission_without_a_time_that_makes_sense_was_handed_in_when_it_was_found(
    course: NbgraderCourse, timestamp: str | None
) -> None:
    put_submitted(course, "ana", timestamp=timestamp)
    assert (adopt(course), adopt(course)) == (1, 0)
    assert attempts(course)["ana"][0].submitted_at == "2026-11-23T00:00:00+00:00"


def test_what_was_collected_is_not_adopted_again(course: NbgraderCourse) -> None:
    hand_in(course, "ana+ps1+2026-11-20 08:00:00 UTC")
    collect(course)
    show(course)
    assert adopt(course) == 0
    assert len(attempts(course)["ana"]) == 1


def test_the_counting_attempt_is_put_where_nbgrader_looks(course: NbgraderCourse) -> None:
    for day in (20, 21, 22):
        hand_in(course, f"ana+ps1+2026-11-{day} 08:00:00 UTC", str(day))
    collect(course)
    show(course, allowed=2)
    shown = course.submitted("ana", "ps1")
    assert (shown / "p1.ipynb").read_text(encoding="utf-8") == "21"
    show(course)
    assert (shown / "p1.ipynb").read_text(encoding="utf-8") == "22"
    assert [path.name for path in shown.parent.iterdir()] == ["ps1"]


def test_an_attempt_that_was_refused_never_counts(course: NbgraderCourse) -> None:
    hand_in(course, "ana+ps1+2026-11-20 08:00:00 UTC", "good")
    (hand_in(course, "ana+ps1+2026-11-21 08:00:00 UTC", "bad") / "x").symlink_to("/etc/passwd")
    collect(course)
    show(course)
    assert (course.submitted("ana", "ps1") / "p1.ipynb").read_text(encoding="utf-8") == "good"


def test_a_link_put_into_submitted_is_refused_but_recorded_and_stops_nobody(course: NbgraderCourse) -> None:
    put_submitted(course, "ana")
    adopt(course)
    (put_submitted(course, "ana", "second", "2026-11-21 08:00:00 UTC") / "x").symlink_to("/etc/passwd")
    put_submitted(course, "zed")
    assert (adopt(course), adopt(course)) == (2, 0)
    assert [bool(each.refusal) for each in attempts(course)["ana"]] == [False, True]
    show(course)
    assert (course.submitted("zed", "ps1") / "p1.ipynb").exists()


def test_a_learner_with_a_plus_in_the_name_is_taken_and_a_hidden_folder_is_no_learner(course: NbgraderCourse) -> None:
    put_submitted(course, "a+b")
    put_submitted(course, ".ipynb_checkpoints")
    put_submitted(course, "zed")
    adopt(course)
    assert sorted(attempts(course)) == ["a+b", "zed"]


def test_a_refused_submission_that_is_nowhere_else_is_left_where_it_is(course: NbgraderCourse) -> None:
    put_submitted(course, "ana", "good")
    adopt(course)
    (put_submitted(course, "ana", "bad", "2026-11-21 08:00:00 UTC") / "x").symlink_to("/etc/passwd")
    adopt(course)
    show(course)
    assert (course.submitted("ana", "ps1") / "p1.ipynb").read_text(encoding="utf-8") == "bad"
