"""What `patunay export` does: one credential in another form, a learner's record, the link to LinkedIn. Nothing here is kept but the audit log."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from courses.nbgrader_course import open_course
from courses.settings import Site
from issuer.audit import append_entry
from issuer.badge_image import SIZE_PX, BadgeFace, draw_badge
from issuer.baking import bake
from issuer.certificate import read_seal, typeset_certificate
from issuer.certificate_facts import certificate_facts
from issuer.certificate_words import Language
from issuer.clr import Badge, LearnerRecord, build_record
from issuer.credential_files import file_name
from issuer.elm import build_elm
from issuer.errors import KeyFileError, LedgerError
from issuer.frozen_courses import manifest_of
from issuer.identity import load_identity
from issuer.ledger import Credential, find_credential, open_ledger
from issuer.linkedin import Certification, add_to_profile_link
from issuer.multibase import digest_multibase
from issuer.proof import add_proof
from issuer.publishing import verify_url
from issuer.standing import learners_of
from issuer.svg_baking import bake_svg, picture_as_svg
from issuer.vc_jwt import sign_jwt

Form = Literal["json", "jwt", "png", "svg", "pdf", "elm"]
ENDINGS: dict[Form, str] = {"json": ".json", "jwt": ".jwt", "png": ".png", "svg": ".svg", "pdf": ".pdf", "elm": ".elm.json"}


@dataclass(frozen=True, slots=True)
class Exported:
    """A file to write."""

    name: str
    content: bytes


def export_credential(site: Site, name: str, form: Form, *, language: Language = "en") -> Exported:
    """Return a credential of the ledger in one of its forms.

    Args:
        name: its id, with or without `urn:uuid:`.
        language: of the certificate.

    Raises:
        LedgerError: there is no such credential; or it is withdrawn, and a new signature is asked for.
        KeyFileError: a JWT is asked for, and the site has no key on P-256.
    """
    with open_ledger(site.ledger_url) as session:
        credential = _load(session, name)
        content = _WRITERS[form](site, session, credential, language)
        ending = ".fil.pdf" if form == "pdf" and language == "fil" else ENDINGS[form]
        return Exported(f"{file_name(credential.id)}{ending}", content)


def export_record(site: Site, learner: str, courses: Sequence[str], *, by: str, now: datetime) -> Exported:
    """Return a signed record of a learner's credentials that are neither withdrawn nor expired, the newest of each course.

    Args:
        courses: which; none: all.

    Raises:
        LedgerError: there is none, or none of a course that is named.
        CredentialRefusedError: they are too many for one record, or were issued to different addresses.
    """
    with open_ledger(site.ledger_url) as session:
        found = _current(session, learner, now)
        chosen = {course: found[course] for course in courses or found if course in found}
        missing = [course for course in courses if course not in found]
        if missing or not chosen:
            what = f"for {', '.join(missing)}" if missing else "at all"
            raise LedgerError(
                f"{learner!r} has no credential {what} that is in force", remedy="`patunay eligible COURSE` says where they stand."
            )
        badges = [Badge(json.loads(each.document), manifest_of(site, session, each)) for each in chosen.values()]
        identity = load_identity(site)
        record = LearnerRecord(
            record_id=uuid.uuid4().urn,
            subject_id=uuid.uuid4().urn,
            learner_email=_email(site, learner, list(chosen)),
            salt=secrets.token_hex(16),
            valid_from=now,
            is_partial=len(chosen) < len(found),
        )
        document = add_proof(build_record(identity.profile, record, badges, site.settings.url.rstrip("/")), identity.signer, now)
        text = json.dumps(document, ensure_ascii=False, indent=2).encode("utf-8")
        details = {"learner": learner, "credentials": [each.id for each in chosen.values()], "digest": digest_multibase(text)}
        append_entry(session, at=now, actor=by, action="record issued", subject=record.record_id, details=details)
        session.commit()
    return Exported(f"{record.record_id.removeprefix('urn:uuid:')}.clr.json", text)


def linkedin_link(site: Site, name: str) -> str:
    """Return the link that adds a credential to a LinkedIn profile.

    Raises:
        LedgerError: there is no such credential, or it is withdrawn.
    """
    with open_ledger(site.ledger_url) as session:
        credential = _in_force(_load(session, name))
        document = json.loads(credential.document)
        until = document.get("validUntil")
        return add_to_profile_link(
            Certification(
                name=document["name"],
                organisation=site.settings.issuer.linkedin_id or site.settings.issuer.name,
                issued=site.day_of(datetime.fromisoformat(document["awardedDate"])),
                url=verify_url(site, credential),
                credential_id=credential.id,
                expires=site.day_of(datetime.fromisoformat(until)) if until else None,
            )
        )


def _as_json(_site: Site, _session: Session, credential: Credential, _language: Language) -> bytes:
    return credential.document.encode("utf-8")


def _as_jwt(site: Site, _session: Session, credential: Credential, _language: Language) -> bytes:
    _in_force(credential)
    identity = load_identity(site)
    if identity.jwt_signer is None:
        raise KeyFileError(
            "the site has no key on P-256, which JWTs are signed with",
            where=str(site.keys),
            remedy="`patunay key generate --algorithm P-256` makes one (sites with did_method web only).",
        )
    return sign_jwt(json.loads(credential.document), identity.jwt_signer).encode("ascii")


def _as_png(site: Site, session: Session, credential: Credential, _language: Language) -> bytes:
    return bake(_badge(site, session, credential), credential.document)


def _as_svg(site: Site, session: Session, credential: Credential, _language: Language) -> bytes:
    picture = picture_as_svg(_badge(site, session, credential), width=SIZE_PX, height=SIZE_PX)
    return bake_svg(picture, credential.document)


def _as_pdf(site: Site, session: Session, credential: Credential, language: Language) -> bytes:
    facts = certificate_facts(
        manifest_of(site, session, credential),
        credential.document,
        site,
        verify_url=verify_url(site, credential),
        badge_png=_badge(site, session, credential),
        seal=read_seal(site),
        language=language,
    )
    return typeset_certificate(facts, credential.document, made_at=datetime.fromisoformat(credential.issued_at), language=language)


def _as_elm(site: Site, session: Session, credential: Credential, _language: Language) -> bytes:
    upload = build_elm(manifest_of(site, session, credential), json.loads(credential.document), site.settings.url)
    return json.dumps(upload, ensure_ascii=False, indent=2).encode("utf-8")


_WRITERS: dict[Form, Callable[[Site, Session, Credential, Language], bytes]] = {
    "json": _as_json,
    "jwt": _as_jwt,
    "png": _as_png,
    "svg": _as_svg,
    "pdf": _as_pdf,
    "elm": _as_elm,
}


def _badge(site: Site, session: Session, credential: Credential) -> bytes:
    manifest, year = manifest_of(site, session, credential), datetime.fromisoformat(credential.issued_at).year
    return draw_badge(BadgeFace(manifest.id, manifest.title.en, site.settings.issuer.name, year))


def _load(session: Session, name: str) -> Credential:
    credential = find_credential(session, name)
    if credential is None:
        raise LedgerError(f"there is no credential {name!r}", remedy="Give the whole id, urn:uuid:… or its UUID.")
    return credential


def _in_force(credential: Credential) -> Credential:
    if credential.revoked_at:
        raise LedgerError("this credential is withdrawn", where=credential.id)
    return credential


def _current(session: Session, learner: str, now: datetime) -> dict[str, Credential]:
    """Return a learner's credentials that are in force by course, the newest of each."""
    found = {}
    query = select(Credential).where(Credential.learner == learner, Credential.revoked_at.is_(None)).order_by(Credential.issued_at)
    for each in session.scalars(query):
        until = json.loads(each.document).get("validUntil")
        if until is None or datetime.fromisoformat(until) > now:
            found[each.course] = each
    return dict(sorted(found.items()))


def _email(site: Site, learner: str, courses: Sequence[str]) -> str:
    """Return the address that the gradebooks of the courses know of a learner."""
    for course in courses:
        known = learners_of(open_course(site.course_root(course))).get(learner)
        if known is not None and known.email:
            return known.email
    raise LedgerError(f"no e-mail address of {learner!r} is known", where=", ".join(courses), remedy="Set it: `nbgrader db student add`.")
