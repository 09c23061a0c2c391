from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.content_hash import APPROVALS, course_sha256
from courses.errors import ReviewError, SettingsError
from courses.findings import Severity
from courses.release_checks import check_release
from courses.review_checks import check_review, status_of
from courses.review_record import Action, ReviewStep, add_review, load_reviews
from courses.review_workflow import CourseState, Demands, folded_name, is_retired, review_status
from courses.reviewing import take_step
from courses.settings import Site, load_site
from tests.courses.tiny_site import MANIFEST, SETTINGS, changed, load_tiny_course, make_tiny_site

TODAY = date(2026, 11, 20)
HASH, OTHER = "a" * 64, "b" * 64
AUTHOR = "Maria Reyes"


def step(action: Action, person: str = "Ana Santos", role: str = "Reviewer", content: str = HASH, note: str | None = None) -> ReviewStep:
    return ReviewStep(action=action, person=person, role=role, date=TODAY, version="1.0.0", content_hash=content, note=note)


SUBMITTED = step("submitted", AUTHOR, "Author")


def state(*steps: ReviewStep, released: str | None = None) -> CourseState:
    return review_status(steps, HASH, authors=[AUTHOR], demands=Demands(), released_hash=released).state


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], CourseState.DRAFT),
        ([SUBMITTED], CourseState.IN_REVIEW),
        ([SUBMITTED, step("approved")], CourseState.APPROVED),
        ([SUBMITTED, step("returned")], CourseState.DRAFT),
        ([SUBMITTED, step("approved"), step("returned")], CourseState.DRAFT),
        ([SUBMITTED, step("approved"), step("returned"), SUBMITTED], CourseState.IN_REVIEW),
        ([step("submitted", content=OTHER), step("approved", content=OTHER)], CourseState.DRAFT),
        ([SUBMITTED, step("approved", content=OTHER)], CourseState.IN_REVIEW),
        ([SUBMITTED, step("returned", content=OTHER), step("approved")], CourseState.APPROVED),
        ([SUBMITTED, step("approved"), step("retired")], CourseState.RETIRED),
        ([SUBMITTED, step("approved"), step("retired"), step("reopened")], CourseState.APPROVED),
        ([SUBMITTED, step("approved", AUTHOR)], CourseState.IN_REVIEW),
        ([step("submitted", "Ben Cruz"), step("approved", "BEN  CRUZ")], CourseState.IN_REVIEW),
    ],
)
def test_the_state_is_worked_out_from_the_steps(steps: list[ReviewStep], expected: CourseState) -> None:
    assert state(*steps) is expected


def test_what_is_released_is_released_and_a_change_makes_it_a_draft_again() -> None:
    assert state(SUBMITTED, step("approved"), released=HASH) is CourseState.RELEASED
    assert state(released=HASH) is CourseState.RELEASED
    assert state(released=OTHER) is CourseState.DRAFT


@pytest.mark.parametrize(
    ("demands", "approvals", "missing"),
    [
        (Demands(2), [("Ana", "Reviewer")], ("an approval by another person",)),
        (Demands(2), [("Ana", "Reviewer"), ("Ana", "Dean")], ("an approval by another person",)),
        (Demands(2), [("Ana", "Reviewer"), ("Ben", "Reviewer")], ()),
        (Demands(1, ("Reviewer", "Dean")), [("Ana", "Reviewer")], ("an approval as Dean",)),
        (Demands(1, ("Reviewer", "Dean")), [("Ana", "reviewer"), ("Ana", "Dean")], ("an approval by another person",)),
        (Demands(1, ("Reviewer", "Dean")), [("Ana", "reviewer"), ("Ana", "Dean"), ("Ben", "Expert")], ("another person for one of the roles: nobody fills two",)),
        (Demands(1, ("Reviewer", "Dean")), [("Ana", "reviewer"), ("Ana", "Dean"), ("Ben", "REVIEWER")], ()),
        (Demands(3, ("Dean",)), [("Ana", "Reviewer")], ("an approval as Dean", "2 approvals by other people")),
    ],
)  # fmt: skip
def test_what_is_still_asked_for_is_said(demands: Demands, approvals: list[tuple[str, str]], missing: tuple[str, ...]) -> None:
    steps = [SUBMITTED, *(step("approved", person, role) for person, role in approvals)]
    found = review_status(steps, HASH, authors=[AUTHOR], demands=demands, released_hash=None)
    assert found.missing == missing
    assert found.state is (CourseState.IN_REVIEW if missing else CourseState.APPROVED)


_PEOPLE = st.sampled_from(["Ana Santos", "Ben Cruz", AUTHOR])
_STEPS = st.lists(
    st.builds(step, st.sampled_from(["submitted", "approved", "returned", "retired", "reopened"]), _PEOPLE, st.just("Reviewer"), st.sampled_from([HASH, OTHER])),
    max_size=8,
)  # fmt: skip


@given(_STEPS, st.sampled_from([None, HASH, OTHER]))
def test_whatever_was_written_no_content_is_approved_but_by_somebody_who_may(steps: Sequence[ReviewStep], released: str | None) -> None:
    found = review_status(steps, HASH, authors=[AUTHOR], demands=Demands(), released_hash=released)
    if found.state is CourseState.APPROVED:
        assert found.approvals
    for each in found.approvals:
        assert (each.action, each.content_hash) == ("approved", HASH) and each.person != AUTHOR
        later = steps[max(place for place, other in enumerate(steps) if other is each) :]
        assert not any(other.action == "returned" and other.content_hash == HASH for other in later)
    assert (found.state is CourseState.RETIRED) == is_retired(steps)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Maria Reyes", "REYES, Maria"), ("José Peña", "jose  pena"), ("Dr. Ana Santos", "Ana Santos, PhD"), ("Ana-Luz Tan", "Ana Luz Tan")],
)
def test_names_are_compared_without_case_accents_titles_and_order(one: str, other: str) -> None:
    assert folded_name(one) == folded_name(other)


@given(st.text(min_size=1, max_size=20))
def test_a_name_is_the_same_as_itself_in_other_letters(name: str) -> None:
    assert folded_name(name) == folded_name(f"  {name} ")
    assert folded_name("Ana Santos") != folded_name("Ana Cruz")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_tiny_site(tmp_path)


def take(site: Site, action: Action, person: str, role: str = "Reviewer", note: str | None = None) -> CourseState:
    return take_step(site, load_tiny_course(site), action, person=person, role=role, note=note, today=TODAY).state


def codes(site: Site, *, today: date = TODAY) -> list[tuple[str, Severity]]:
    return [(each.code, each.severity) for each in check_review(site, load_tiny_course(site), today=today)]


def test_a_course_goes_from_draft_to_approved_and_a_change_takes_it_back(site: Site) -> None:
    warned = Severity.WARNING
    assert codes(site) == [("W01", warned)]
    assert take(site, "submitted", "M. Reyes", "Author") is CourseState.IN_REVIEW
    assert take(site, "approved", "Ana Santos", note='Well "made".\nGo on.') is CourseState.APPROVED
    assert codes(site) == []
    (site.courses / "tiny-course" / "ps1" / "data.csv").write_text("c\n", encoding="utf-8")
    assert status_of(site, load_tiny_course(site)).state is CourseState.DRAFT
    assert codes(site) == [("W02", warned)]
    (found,) = check_review(site, load_tiny_course(site), today=TODAY)
    assert found.problem == "the course was changed since Ana Santos approved version 1.0.0 on 2026-11-20"


def test_the_record_is_text_that_only_grows(site: Site) -> None:
    path = site.courses / "tiny-course" / APPROVALS
    take(site, "submitted", "M. Reyes", "Author")
    first = path.read_text(encoding="utf-8")
    take(site, "approved", "Ana Santos", note='Well "made".\nGo \\ on. Ñ')
    second = path.read_text(encoding="utf-8")
    assert second.startswith(first) and first.startswith("# The reviews of this course")
    reviews = tomllib.loads(second)["reviews"]
    assert [each["action"] for each in reviews] == ["submitted", "approved"]
    assert reviews[1]["note"] == 'Well "made".\nGo \\ on. Ñ'
    assert {each["content_hash"] for each in reviews} == {course_sha256(path.parent)}


_TEXT = st.text(min_size=1, max_size=20).filter(lambda text: text.strip() != "")


@given(_TEXT, _TEXT, _TEXT)
def test_any_text_that_is_written_reads_back(tmp_path_factory: pytest.TempPathFactory, person: str, role: str, note: str) -> None:
    folder = tmp_path_factory.mktemp("course")
    try:
        written = step("approved", person, role, note=note)
    except ValueError:  # control characters and lone surrogates are refused
        return
    add_review(folder, SUBMITTED)
    add_review(folder, written)
    assert load_reviews(folder) == (SUBMITTED, written)


REFUSED: list[tuple[list[tuple[Action, str]], tuple[Action, str], str]] = [
    ([], ("approved", "Ana Santos"), "was not submitted for review"),
    ([], ("returned", "Ana Santos"), "was not submitted for review"),
    ([("submitted", "M. Reyes")], ("submitted", "M. Reyes"), "was submitted already, by M. Reyes on 2026-11-20"),
    ([("submitted", "Ben Cruz")], ("approved", "REYES, M."), "nobody reviews their own course"),
    ([("submitted", "Ben Cruz")], ("approved", "ben cruz"), "ben cruz submitted tiny-course, and so cannot approve it"),
    ([("submitted", "M. Reyes"), ("approved", "Ana Santos")], ("approved", "ana santos"), "has approved this content as Reviewer already"),
    ([], ("reopened", "Ana Santos"), "is not retired"),
    ([("retired", "Ana Santos")], ("retired", "Ana Santos"), "is retired already"),
    ([("retired", "Ana Santos")], ("submitted", "M. Reyes"), "tiny-course is retired\nReopen it first"),
    ([("submitted", "M. Reyes"), ("retired", "Ana Santos")], ("approved", "Ana Santos"), "tiny-course is retired"),
    ([], ("submitted", "  "), "needs a name and a role"),
]


@pytest.mark.parametrize(("before", "refused", "told"), REFUSED)
def test_a_step_that_is_not_allowed_is_refused_and_not_written(
    site: Site, before: list[tuple[Action, str]], refused: tuple[Action, str], told: str
) -> None:
    for action, person in before:
        take(site, action, person, note="Because.")
    kept = load_reviews(site.courses / "tiny-course")
    with pytest.raises(ReviewError, match=told):
        take(site, *refused, note="Because.")
    assert load_reviews(site.courses / "tiny-course") == kept


@pytest.mark.parametrize("action", ["returned", "retired", "reopened"])
def test_steps_back_need_a_reason(site: Site, action: Action) -> None:
    with pytest.raises(ReviewError, match="others will want to know why"):
        take(site, action, "Ana Santos")


def test_a_course_with_blocking_findings_is_not_submitted_but_one_whose_review_is_overdue_is(tmp_path: Path) -> None:
    site = make_tiny_site(tmp_path, manifest=changed("review_by = 2027-10-05", "review_by = 2026-11-05"))
    assert take(site, "submitted", "M. Reyes", "Author") is CourseState.IN_REVIEW
    (site.courses / "tiny-course" / "course.toml").write_text(changed("total = 2.0", "total = 9.0"), encoding="utf-8")
    with pytest.raises(ReviewError, match=r"1 blocking finding\(s\): Q03"):
        take(site, "submitted", "M. Reyes", "Author")


def test_a_site_that_asks_for_approvals_refuses_without_them(tmp_path: Path) -> None:
    make_tiny_site(tmp_path)
    (tmp_path / "patunay.toml").write_text(SETTINGS + '\n[review]\nrequired = true\nroles = ["Reviewer", "Dean"]\n', encoding="utf-8")
    site = load_site(tmp_path)
    assert codes(site) == [("W01", Severity.BLOCKING)]
    take(site, "submitted", "M. Reyes", "Author")
    assert take(site, "approved", "Ana Santos") is CourseState.IN_REVIEW
    assert codes(site) == [("W04", Severity.BLOCKING)]
    assert take(site, "approved", "Ben Cruz", "Dean") is CourseState.APPROVED
    assert codes(site) == []
    assert check_release(site, load_tiny_course(site), today=TODAY) == []


def test_an_approval_by_an_author_that_was_written_by_hand_does_not_count(site: Site) -> None:
    folder = site.courses / "tiny-course"
    here = course_sha256(folder)
    add_review(folder, step("submitted", "Ben Cruz", content=here))
    add_review(folder, step("approved", "m. REYES", content=here))
    assert codes(site) == [("W03", Severity.WARNING), ("W01", Severity.WARNING)]


def test_a_retired_course_is_blocked_and_taken_out_of_the_exchange(site: Site) -> None:
    outbound = site.exchange / "tiny-course" / "outbound" / "ps1"
    outbound.mkdir(parents=True)
    inbound = site.exchange / "tiny-course" / "inbound" / "ana"
    inbound.mkdir(parents=True)
    assert take(site, "retired", "Ana Santos", "Dean", note="Replaced.") is CourseState.RETIRED
    assert codes(site) == [("W05", Severity.BLOCKING)]
    assert not outbound.exists() and inbound.is_dir()
    assert take(site, "reopened", "Ana Santos", "Dean", note="Asked for again.") is CourseState.DRAFT


@pytest.mark.parametrize(("days", "told"), [(-1, []), (0, ["W06"]), (60, ["W06"]), (61, [])])
def test_a_review_that_is_due_soon_is_spoken_of(tmp_path: Path, days: int, told: list[str]) -> None:
    site = make_tiny_site(tmp_path, manifest=MANIFEST.replace("review_by = 2027-10-05", f"review_by = {TODAY + timedelta(days=days)}"))
    assert [code for code, _ in codes(site) if code != "W01"] == told


@pytest.mark.parametrize("text", ["reviews = 3", "[[reviews]]\naction = 'approved'", "not toml"])
def test_a_record_that_does_not_fit_stops_everything(site: Site, text: str) -> None:
    (site.courses / "tiny-course" / APPROVALS).write_text(text, encoding="utf-8")
    with pytest.raises(ReviewError, match=APPROVALS):
        status_of(site, load_tiny_course(site))
    with pytest.raises(ReviewError, match=APPROVALS):
        take(site, "submitted", "M. Reyes", "Author")


def test_a_site_cannot_ask_for_less_than_one_approval(tmp_path: Path) -> None:
    make_tiny_site(tmp_path)
    (tmp_path / "patunay.toml").write_text(SETTINGS + "\n[review]\napprovals = 0\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"review\.approvals"):
        load_site(tmp_path)
