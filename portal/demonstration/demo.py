"""The whole way, once: a site is made, courses are released, a cohort hands in, work is graded and reported, credentials are issued and verified.

Every step looks at what is there and does what is missing, so an interrupted demonstration goes on where it stopped, and a second one in the same folder
issues nothing twice.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from autograder.gradebook_export import export_frame
from courses.catalogue import load_course
from courses.errors import ManifestError
from courses.nbgrader_course import open_course
from courses.release import load_released_manifest
from courses.samples import samples_folder
from courses.settings import Site
from courses.storage import write_atomically
from issuer.credential_files import file_name
from issuer.ledger import credentials_of, open_ledger
from issuer.resolvers import FolderResolver
from issuer.standing import read_standing
from issuer.verification import Verdict
from portal.awarding import approve, issue, prepare, record_consent
from portal.course_reports import report_course
from portal.course_work import GradeRequest, collect_course, course_gradebook, grade_course
from portal.demonstration.answers import load_bank
from portal.demonstration.handing_in import Desk, hand_in
from portal.demonstration.marking import enrol, mark_answers, set_due_dates
from portal.demonstration.roster import Kind, SimulatedLearner, make_roster
from portal.governing import revoke
from portal.releasing import release_rehearsed
from portal.site_making import NewSite, make_site
from portal.verifying import verify_source

PREPARER, APPROVER = "Registrar's clerk (simulated)", "University registrar (simulated)"
REVOCATION_REASON = "demonstration: issued by mistake"
_CELL_TIMEOUT_S = 10.0

Now = Callable[[], datetime]
Tell = Callable[[str], None]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class LearnerTally:
    """What became of one learner in a course."""

    learner: str
    kind: str
    status: str
    overall: float
    """Share 0 to 1."""
    reasons: tuple[str, ...]


@dataclass(slots=True)
class CourseTally:
    """What became of a course's cohort."""

    learners: int = 0
    attempts: int = 0
    mean_score: float | None = None
    eligible: int = 0
    not_yet: int = 0
    blocked: int = 0
    issued: int = 0
    standing: tuple[LearnerTally, ...] = ()


@dataclass(slots=True)
class Tally:
    """The numbers that end the demonstration; `summary.json` holds them."""

    folder: str
    learners: int
    courses: dict[str, CourseTally] = field(default_factory=dict)
    submissions_new: int = 0
    attempts_graded_now: int = 0
    marked_by_hand: int = 0
    issued_now: int = 0
    credentials: int = 0
    verified: dict[str, int] = field(default_factory=dict)
    """How many credentials had which verdict before the revocation."""
    revoked: str = ""
    revoked_verdict: str = ""
    sandbox: str = ""
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stage:
    """What every step needs."""

    site: Site
    courses: tuple[str, ...]
    roster: tuple[SimulatedLearner, ...]
    tally: Tally
    now: Now
    progress: Progress


def run_demo(folder: Path, count: int, *, courses: Sequence[str] = (), now: Now, tell: Tell, progress: Progress) -> Tally:
    """Run the demonstration with `count` learners into `folder` and return its numbers.

    Args:
        courses: ids of the sample courses that are shown; empty: all of them.

    Raises:
        DiagnosedError: whatever a step refuses; the next call goes on from there.
    """
    tally, new = Tally(str(folder), count), _demo_site(courses)
    with _timed(tally, "1 site", tell, "A site is made"):
        site = make_site(folder, new)
        _set_time_limit(site)
        site = make_site(folder, new)
    stage = Stage(
        site, tuple(sorted(path.parent.name for path in site.courses.glob("*/course.toml"))), make_roster(count), tally, now, progress
    )
    steps: tuple[tuple[str, str, Callable[[Stage], None]], ...] = (
        ("2 release", "The courses are checked and released into nbgrader's exchange", _release),
        ("3 hand in", "Learners fetch, fill in and submit", _hand_in),
        ("4 grade", "Attempts are collected, graded and marked", _grade_rounds),
        ("5 gradebook", "The gradebook is read and exported", _export),
        ("6 report", "Cohort reports are made", _report),
        ("7 eligibility", "Eligibility is decided", _decide),
        ("8 issue", "Batches are prepared, approved and issued", _issue),
        ("9 verify", "Every credential is verified, and one is withdrawn", _verify),
    )
    for name, told, step in steps:
        with _timed(tally, name, tell, told):
            step(stage)
    write_atomically(site.root / "summary.json", json.dumps(summary(tally), indent=2, ensure_ascii=False) + "\n")
    return tally


def summary(tally: Tally) -> dict[str, object]:
    """Return the tally as plain values."""
    return asdict(tally)


def _demo_site(courses: Sequence[str]) -> NewSite:
    known = tuple(sorted(path.parent.name for path in samples_folder().glob("*/course.toml")))
    for course in courses:
        if course not in known:
            raise ManifestError(
                f"there is no sample course {course!r}", where="--course", remedy=f"The sample courses are {', '.join(known)}."
            )
    return NewSite(
        name="Bayanihan Open University (sample) micro-credentials",
        url="https://credentials.bayanihan.example",
        issuer="Bayanihan Open University (sample)",
        issuer_url="https://bayanihan.example",
        email="registrar@bayanihan.example",
        samples=tuple(sorted(set(courses))) or known,
    )


def _set_time_limit(site: Site) -> None:
    """Let the endless loop of one learner end sooner than in a real course."""
    path = site.root / "patunay.toml"
    text = path.read_text(encoding="utf-8")
    shorter = text.replace("cell_timeout_s = 30.0", f"cell_timeout_s = {_CELL_TIMEOUT_S}")
    if shorter != text:
        write_atomically(path, shorter)


@contextmanager
def _timed(tally: Tally, name: str, tell: Tell, told: str) -> Iterator[None]:
    tell(f"{name.split(' ')[0]:>2}  {told} …")
    started = time.monotonic()
    yield
    tally.seconds[name.split(" ", 1)[1]] = round(time.monotonic() - started, 1)


def _release(stage: Stage) -> None:
    for course in stage.courses:
        release_rehearsed(stage.site, load_course(stage.site.courses, course), (), now=stage.now(), depth="plan")
        directory = open_course(stage.site.course_root(course))
        enrol(directory, stage.roster)
        for learner in stage.roster:
            record_consent(stage.site, learner.id, course, show_name=learner.shows_name, channel="simulated", now=stage.now())


def _desk(stage: Stage, course: str) -> Desk:
    root = stage.site.course_root(course)
    manifest = load_released_manifest(root)
    return Desk(open_course(root), stage.site.root / "learners", tuple(each.id for each in manifest.assessments), load_bank(course))


def _hand_in(stage: Stage) -> None:
    punctual = tuple(learner for learner in stage.roster if learner.kind is not Kind.LATE)
    for course in stage.courses:
        stage.tally.submissions_new += sum(hand_in(_desk(stage, course), punctual))


def _grade_rounds(stage: Stage) -> None:
    """First what was handed in, in time; then who failed tries again, the due date passes, and the late ones come."""
    _collect_and_grade(stage)
    late = tuple(learner for learner in stage.roster if learner.kind is Kind.LATE)
    retrying = tuple(learner for learner in stage.roster if learner.kind is Kind.RESUBMITS)
    for course in stage.courses:
        desk = _desk(stage, course)
        stage.tally.submissions_new += sum(hand_in(desk, retrying, again=True))
        set_due_dates(desk.course, desk.assignments, stage.now())
        stage.tally.submissions_new += sum(hand_in(desk, late))
    _collect_and_grade(stage)
    for course in stage.courses:
        desk = _desk(stage, course)
        rules = load_released_manifest(stage.site.course_root(course)).attempt_rules
        stage.tally.marked_by_hand += mark_answers(desk.course, desk.bank, attempt_rules=rules)


def _collect_and_grade(stage: Stage) -> None:
    for course in stage.courses:
        collect_course(stage.site, course, (), now=stage.now())
        for graded in grade_course(stage.site, course, (), GradeRequest(), now=stage.now, progress=stage.progress):
            stage.tally.attempts_graded_now += len(graded.graded)
            stage.tally.sandbox = graded.sandbox


def _export(stage: Stage) -> None:
    for course in stage.courses:
        frames = course_gradebook(stage.site, course)
        folder = stage.site.root / "gradebook"
        export_frame(frames.assignments, folder / f"{course}-assignments.csv", "csv")
        export_frame(frames.assignments, folder / f"{course}-assignments.xlsx", "xlsx")
        export_frame(frames.cells, folder / f"{course}-cells.csv", "csv")


def _report(stage: Stage) -> None:
    for index, course in enumerate(stage.courses, start=1):
        report_course(stage.site, course, now=stage.now())
        stage.progress(index, len(stage.courses))


def _decide(stage: Stage) -> None:
    kinds = {learner.id: learner.kind.value for learner in stage.roster}
    for course in stage.courses:
        standing = read_standing(stage.site, course)
        counts = {
            status: sum(each.status.value == status for each in standing.eligibility) for status in ("eligible", "not yet", "blocked")
        }
        decided = [each.overall for each in standing.eligibility if each.status.value != "blocked"]
        stage.tally.courses[course] = CourseTally(
            learners=len(standing.eligibility),
            attempts=int(course_gradebook(stage.site, course).assignments["attempts"].sum()),
            mean_score=round(sum(decided) / len(decided), 4) if decided else None,
            eligible=counts["eligible"],
            not_yet=counts["not yet"],
            blocked=counts["blocked"],
            standing=tuple(
                LearnerTally(
                    each.learner,
                    kinds.get(each.learner, ""),
                    each.status.value,
                    each.overall,
                    tuple(reason.text for reason in each.reasons),
                )
                for each in standing.eligibility
            ),
        )


def _issue(stage: Stage) -> None:
    for course in stage.courses:
        prepared = prepare(stage.site, course, by=PREPARER, now=stage.now())
        if prepared.batch is not None:
            approve(stage.site, prepared.batch, by=APPROVER, now=stage.now())
            stage.tally.issued_now += issue(stage.site, prepared.batch, now=stage.now(), progress=stage.progress).new
    republish(stage)
    with open_ledger(stage.site.ledger_url) as session:
        for course in stage.courses:
            stage.tally.courses[course].issued = len(credentials_of(session, course))


def republish(stage: Stage) -> None:
    """Write what an interruption may have left unwritten."""
    from issuer.identity import load_identity
    from issuer.publishing import publish_site

    with open_ledger(stage.site.ledger_url) as session:
        publish_site(stage.site, load_identity(stage.site), session, now=stage.now(), progress=stage.progress)


def _verify(stage: Stage) -> None:
    resolver = FolderResolver(stage.site.root, authoritative=True)
    with open_ledger(stage.site.ledger_url) as session:
        credentials = credentials_of(session)
    verdicts: dict[str, int] = {}
    for index, credential in enumerate(credentials, start=1):
        for ending in ("json", "png", "pdf"):
            result = verify_source(
                str(stage.site.root / "credentials" / f"{file_name(credential.id)}.{ending}"), resolver=resolver, now=stage.now()
            )
            verdict = result.report.verdict.value if result.report else "unreadable"
            verdicts[f"{ending}: {verdict}"] = verdicts.get(f"{ending}: {verdict}", 0) + 1
        stage.progress(index, len(credentials))
    stage.tally.credentials, stage.tally.verified = len(credentials), verdicts
    if not credentials:
        return
    chosen = next((each for each in credentials if each.revoked_at), credentials[0])
    revoke(stage.site, chosen.id, reason=REVOCATION_REASON, by=APPROVER, now=stage.now())
    again = verify_source(str(stage.site.root / "credentials" / f"{file_name(chosen.id)}.json"), resolver=resolver, now=stage.now())
    stage.tally.revoked, stage.tally.revoked_verdict = chosen.id, again.report.verdict.value if again.report else "unreadable"


def is_sound(tally: Tally) -> bool:
    """Whether the demonstration shows what it should: every credential verifies but those withdrawn, and the withdrawn one is seen so."""
    fine = {Verdict.VALID.value, Verdict.VALID_WITH_A_NOTE.value, Verdict.WITHDRAWN.value}
    return tally.revoked_verdict == Verdict.WITHDRAWN.value and all(key.split(": ", 1)[1] in fine for key in tally.verified)
