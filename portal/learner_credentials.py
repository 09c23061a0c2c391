"""A learner's own credentials, each with its state, and in the forms in which they take it along."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from courses.errors import DiagnosedError
from courses.released import find_release, load_released_manifest
from courses.settings import Site
from issuer.credential_files import file_name
from issuer.ledger import Credential, LearnerConsent, SharedPage, open_ledger
from issuer.proof import parse_timestamp
from issuer.withdrawal import state_of
from portal.claiming import own_credential
from portal.exporting import ENDINGS, Exported, Form, export_credential
from portal.sharing import PageChoices

State = Literal["ready", "claimed", "expiring", "expired", "suspended", "withdrawn", "replaced", "erased"]
EXPIRING = timedelta(days=60)
_TYPES: Mapping[str, str] = {
    "json": "application/json",
    "jwt": "application/vc+jwt",
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "elm": "application/json",
    "zip": "application/zip",
}
"""Media types by form."""


@dataclass(frozen=True, slots=True)
class OwnCredential:
    """One credential as its holder sees it."""

    id: str
    """`urn:uuid:…`"""
    course: str
    version: str
    title: str
    state: State
    is_claimed: bool
    issued_at: datetime
    valid_until: datetime | None
    public_reason: str
    """Why it was withdrawn, as everybody is told; empty otherwise."""
    superseded_by: str
    holder: str
    """The name in it; empty if it shows none."""
    results: tuple[tuple[str, str], ...]
    """What it discloses of the results: of what, and the value."""
    evidence: tuple[str, ...]
    """The names of its pieces of evidence."""
    page: str
    """The token of its page; empty if it has none."""
    shown: PageChoices

    @property
    def name(self) -> str:
        """Its UUID, as addresses have it."""
        return file_name(self.id)

    @property
    def is_former(self) -> bool:
        """Whether it was erased, suspended or withdrawn, and none took its place."""
        return self.state in {"erased", "suspended", "withdrawn"}

    @property
    def is_in_force(self) -> bool:
        """Whether it can be used: shared, put into a wallet."""
        return self.state in {"ready", "claimed", "expiring"}


def credentials_of_learner(site: Site, learner: str, *, now: datetime) -> tuple[OwnCredential, ...]:
    """Return the learner's credentials, the newest first."""
    with open_ledger(site.ledger_url) as session:
        query = select(Credential).where(Credential.learner == learner).order_by(Credential.issued_at.desc(), Credential.id)
        return tuple(_own(site, session, each, now) for each in session.scalars(query))


def find_own(site: Site, learner: str, name: str, *, now: datetime) -> OwnCredential | None:
    """Return the learner's credential of that id, None if they have none."""
    wanted = f"urn:uuid:{name.removeprefix('urn:uuid:')}"
    return next((each for each in credentials_of_learner(site, learner, now=now) if each.id == wanted), None)


def download(site: Site, learner: str, name: str, form: str, language: Literal["en", "fil"]) -> tuple[Exported, str]:
    """Return the learner's credential in a form, with its media type; `zip`: in all forms that this site can make.

    Raises:
        LedgerError: the learner has no such credential, or its document was erased.
    """
    with open_ledger(site.ledger_url) as session:
        credential = own_credential(session, learner, name)
    if form == "zip":
        return _all_forms(site, credential.id), _TYPES["zip"]
    known: dict[str, Form] = {each: each for each in ENDINGS}
    return export_credential(site, credential.id, known[form], language=language), _TYPES[form]


def wallet_document(site: Site, credential_id: str) -> dict[str, Any] | None:
    """Return the signed document of a credential that is in force, None if it is not any more."""
    with open_ledger(site.ledger_url) as session:
        credential = session.get(Credential, credential_id)
        if credential is None or credential.is_withdrawn or not credential.document:
            return None
        document: dict[str, Any] = json.loads(credential.document)
        return document


def _all_forms(site: Site, credential_id: str) -> Exported:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for form, language in (("json", "en"), ("png", "en"), ("svg", "en"), ("pdf", "en"), ("pdf", "fil"), ("jwt", "en"), ("elm", "en")):
            try:
                made = export_credential(site, credential_id, form, language=language)  # type: ignore[arg-type]  # mypy widens the texts
            except DiagnosedError:
                if form == "json":
                    raise
                continue  # no key for JWTs, no font for a name: the others are there
            archive.writestr(made.name, made.content)
    return Exported(f"{file_name(credential_id)}.zip", packed.getvalue())


def _own(site: Site, session: Session, credential: Credential, now: datetime) -> OwnCredential:
    document: dict[str, Any] = json.loads(credential.document) if credential.document else {}
    subject = document.get("credentialSubject", {})
    moment = parse_timestamp(credential.valid_until) if credential.valid_until else None
    claims = select(LearnerConsent.id).where(LearnerConsent.credential_id == credential.id, LearnerConsent.kind == "claim").limit(1)
    is_claimed = session.scalars(claims).first() is not None
    page = session.scalars(select(SharedPage).where(SharedPage.credential_id == credential.id)).first()
    return OwnCredential(
        id=credential.id,
        course=credential.course,
        version=credential.version,
        title=str(document.get("name", "")) or _course_title(site, credential.course),
        state=_state(credential, moment, now, is_claimed=is_claimed),
        is_claimed=is_claimed,
        issued_at=datetime.fromisoformat(credential.issued_at),
        valid_until=moment,
        public_reason=(credential.public_reason or "") if credential.is_withdrawn else "",
        superseded_by=credential.superseded_by or "",
        holder=str(subject.get("name", "")),
        results=_results(subject),
        evidence=tuple(str(each.get("name", "")) for each in document.get("evidence", [])),
        page=page.token if page else "",
        shown=PageChoices(page.show_grade, page.show_evidence, page.give_file) if page else PageChoices(),
    )


def _course_title(site: Site, course: str) -> str:
    """Return what the course of an erased document is called now, its id where it is not released any more."""
    return load_released_manifest(site.course_root(course)).title.en if find_release(site.course_root(course)) else course


def _state(credential: Credential, until: datetime | None, now: datetime, *, is_claimed: bool) -> State:
    told = state_of(credential)
    closed: tuple[tuple[bool, State], ...] = (
        (bool(credential.superseded_by), "replaced"),
        (told == "revoked", "withdrawn"),
        (credential.erased_at is not None, "erased"),
        (told == "suspended", "suspended"),
        (until is not None and until < now, "expired"),
        (not is_claimed, "ready"),
        (until is not None and until < now + EXPIRING, "expiring"),
    )
    return next((state for holds, state in closed if holds), "claimed")


def _results(subject: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    described = {str(each.get("id", "")): each for each in subject.get("achievement", {}).get("resultDescription", [])}
    told = []
    for each in subject.get("result", []):
        what = described.get(str(each.get("resultDescription", "")), {})
        unit = " %" if each.get("value") and "Percent" in str(what.get("resultType")) else ""
        told.append((str(what.get("name", "")), f"{each.get('value') or each.get('status') or ''}{unit}"))
    return tuple(told)
