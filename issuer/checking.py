"""The dry run of a batch: every credential is built, unsigned, and compared with the ledger. Nothing is written and no key is needed.

What is issued is never changed by a later result. A learner who would not pass any more is named here, and waits for a person's decision.
"""

from __future__ import annotations

import contextlib
import json
import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from courses.settings import Site
from issuer.award_rows import AwardRow
from issuer.batches import Draft
from issuer.credential import IssuerProfile, build_credential, signable_achievement
from issuer.eligibility import Eligibility, Status
from issuer.errors import CredentialRefusedError
from issuer.issuing import award_of
from issuer.ledger import Batch, BatchRow, Credential, who_show_their_names
from issuer.standing import CourseStanding

_ANY_HASH = "0" * 64
"""As long as the hash that will stand there."""


@dataclass(frozen=True, slots=True)
class Fallen:
    """A credential whose learner would not get it any more."""

    credential: str
    learner: str
    why: str


@dataclass(frozen=True, slots=True)
class Differences:
    """How what is issued differs from what the results, names and consents say now."""

    changed_score: tuple[tuple[str, float, float], ...]
    """Learner, the overall share as issued, and as it is now."""
    changed_name: tuple[tuple[str, str, str], ...]
    """Learner, the name as issued, and as it is now; empty where none is shown."""
    fallen: tuple[Fallen, ...]


def find_differences(standing: CourseStanding, session: Session) -> Differences:
    """Return how the ledger's valid credentials of the course version differ from how things stand now."""
    now = {each.learner: each for each in standing.eligibility}
    query = (
        select(Credential, BatchRow.content)
        .join(BatchRow, (BatchRow.batch_id == Credential.batch_id) & (BatchRow.learner == Credential.learner))
        .where(Credential.course == standing.manifest.id, Credential.version == standing.manifest.version)
        .where(Credential.revoked_at.is_(None), Credential.erased_at.is_(None))
        .order_by(Credential.learner, Credential.id)
    )
    shown_names = who_show_their_names(session, standing.manifest.id)
    scores, names, fallen = [], [], []
    for credential, content in session.execute(query.execution_options(yield_per=500)):
        each = now.get(credential.learner)
        if each is None:
            continue
        if content and (issued := AwardRow.model_validate_json(content).overall) != each.overall:
            scores.append((credential.learner, issued, each.overall))
        shown, wanted = (
            json.loads(credential.document)["credentialSubject"].get("name"),
            _name(standing, each, is_shown=each.learner in shown_names),
        )
        if shown != wanted:
            names.append((credential.learner, shown or "", wanted or ""))
        if each.status is Status.NOT_YET:
            fallen.append(Fallen(credential.id, credential.learner, " ".join(reason.text for reason in each.reasons)))
    return Differences(tuple(scores), tuple(names), tuple(fallen))


def find_fallen(standing: CourseStanding, session: Session) -> tuple[Fallen, ...]:
    """Return the valid credentials of the course, of all its versions, whose learner would not get one as things stand now: a mended test makes a new version."""
    now = {each.learner: each for each in standing.eligibility if each.status is Status.NOT_YET}
    query = (
        select(Credential.id, Credential.learner)
        .where(Credential.course == standing.manifest.id, Credential.revoked_at.is_(None), Credential.erased_at.is_(None))
        .order_by(Credential.learner, Credential.id)
    )
    return tuple(
        Fallen(name, learner, " ".join(reason.text for reason in now[learner].reasons))
        for name, learner in session.execute(query)
        if learner in now
    )


def _name(standing: CourseStanding, each: Eligibility, *, is_shown: bool) -> str | None:
    learner = standing.learners.get(each.learner)
    return learner.name if learner and is_shown else None


def find_refusals(draft: Draft, standing: CourseStanding, site: Site, profile: IssuerProfile, *, now: datetime) -> dict[str, str]:
    """Return the learners of a draft for whom no credential can be built, each with the reason."""
    batch = Batch(
        id=str(uuid.uuid4()),
        course=standing.manifest.id,
        version=standing.manifest.version,
        content_hash=_ANY_HASH,
        prepared_by="",
        approved_by="",
        approved_at=now.isoformat(),
    )
    url, refusals, achievement = site.settings.url.rstrip("/"), {}, None
    with contextlib.suppress(CredentialRefusedError):  # then each says so
        achievement = signable_achievement(standing.manifest, url)
    for row in draft.rows:
        try:
            award = award_of(row, batch, standing.manifest, site, (1, 0), now)
            build_credential(standing.manifest, profile, award, url, achievement=achievement)
        except CredentialRefusedError as refused:
            refusals[row.learner] = f"{refused.where}: {refused.problem}"
    return refusals
