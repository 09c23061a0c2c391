"""A course as the issuer sees it, made by hand: who passed, with what evidence. The ledger and the site that go with it are real."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path

from sqlalchemy.orm import Session

from autograder.evidence import GradedEvidence
from courses.manifest_file import load_manifest
from courses.release import Release
from courses.settings import Site, load_site
from issuer.batches import approve_batch, prepare_batch
from issuer.eligibility import Eligibility, Reason, Status
from issuer.identity import IssuerIdentity, load_identity
from issuer.issuing import issue_batch
from issuer.ledger import Batch, Consent, open_ledger
from issuer.standing import CourseStanding, Learner
from portal.site_making import make_site
from tests.small_site import COURSE, NOW, WANTED, manifest_text

RELEASE_HASH = "ab" * 32
LEDGER: ContextVar[str | None] = ContextVar("LEDGER", default=None)
"""The ledger's address of the sites made here; None: SQLite in the site. The fixture `ledger_database` sets it."""
PREPARER, APPROVER = "Ana Reyes", "Benigno Cruz"


def governed_site(root: Path) -> Site:
    """Make a site with a key, and the frozen sources of one release of the small course."""
    site = make_site(root, WANTED)
    if (address := LEDGER.get()) is not None:
        settings = root / "patunay.toml"
        settings.write_text(re.sub(r"^#? *ledger = .*\n", "", settings.read_text(encoding="utf-8"), flags=re.MULTILINE), encoding="utf-8")
        settings.write_text(f'ledger = "{address}"\n' + settings.read_text(encoding="utf-8"), encoding="utf-8")
        site = load_site(root)
    frozen = site.course_root(COURSE) / "releases" / RELEASE_HASH / COURSE
    frozen.mkdir(parents=True)
    (frozen / "course.toml").write_text(manifest_text(), encoding="utf-8")
    return site


def identity_of(site: Site) -> IssuerIdentity:
    return load_identity(site)


def ledger_of(site: Site) -> AbstractContextManager[Session]:
    return open_ledger(site.ledger_url)


@contextlib.contextmanager
def issued_ledger(site: Site) -> Iterator[Session]:
    """Yield a ledger with three credentials, one of them with a name: that of l0."""
    standing = standing_of(site)
    with ledger_of(site) as session:
        consent(session, "l0", show_name=True)
        issue_batch(approved(standing, session), standing, session, site, identity_of(site), now=NOW)
        yield session


def standing_of(site: Site, count: int = 3, *, release_hash: str = RELEASE_HASH) -> CourseStanding:
    """`count` learners called l0, l1 … who all passed."""
    manifest = load_manifest(site.course_root(COURSE) / "releases" / RELEASE_HASH / COURSE)
    names = [f"l{number}" for number in range(count)]
    return CourseStanding(
        manifest=manifest,
        release=Release(COURSE, manifest.version, release_hash, NOW.isoformat(), ("basics", "project")),
        eligibility=tuple(eligible(name) for name in names),
        evidence={name: tuple(evidence(name, assignment) for assignment in ("basics", "project")) for name in names},
        learners={name: Learner(name, f"Name of {name}", f"{name}@Learners.Example") for name in names},
    )


def eligible(learner: str, *, overall: float = 0.9, status: Status = Status.ELIGIBLE) -> Eligibility:
    reasons = (Reason("met", "All requirements are met."),)
    return Eligibility(learner, status, reasons, overall, (("LO1", 1.0), ("LO2", overall)), (("basics", 1.0), ("project", overall)))


def evidence(learner: str, assignment: str) -> GradedEvidence:
    def digest(what: str) -> str:
        return hashlib.sha256(f"{what} {learner} {assignment}".encode()).hexdigest()

    return GradedEvidence(
        assignment=assignment,
        attempt=digest("attempt"),
        notebook=digest("notebook"),
        source=digest("source"),
        run=f"run-of-{assignment}",
        run_record=digest("run"),
        graded_at=NOW,
        assurance="compat",
    )


def with_standing(standing: CourseStanding, changed: Eligibility) -> CourseStanding:
    """Return `standing` with one learner's eligibility changed."""
    return replace(standing, eligibility=tuple(changed if each.learner == changed.learner else each for each in standing.eligibility))


def with_learner(standing: CourseStanding, learner: Learner) -> CourseStanding:
    return replace(standing, learners={**standing.learners, learner.id: learner})


def consent(session: Session, learner: str, *, show_name: bool) -> None:
    session.add(Consent(learner=learner, course=COURSE, show_name=show_name, given_at=NOW.isoformat(), channel="test"))
    session.commit()


def prepared(standing: CourseStanding, session: Session, *, by: str = PREPARER) -> Batch:
    batch = prepare_batch(standing, session, by=by, now=NOW)
    assert batch is not None
    return batch


def approved(standing: CourseStanding, session: Session) -> Batch:
    batch = prepared(standing, session)
    approve_batch(batch, standing, session, by=APPROVER, two_person=True, now=NOW)
    return batch
