"""What a learner's certificate would look like with the name that is known of them, before there is a credential. Marked; nothing is signed in it."""

from __future__ import annotations

from datetime import datetime

from courses.manifest import CourseManifest
from courses.nbgrader_course import open_course
from courses.release import load_released_manifest
from courses.settings import Site
from issuer.certificate import CertificateFacts, draw_certificate, read_seal
from issuer.certificate_words import Language
from issuer.standing import learners_of, released_root

_MARK = {"en": "PREVIEW, NOT ISSUED", "fil": "SILIP LAMANG, HINDI PA IPINAGKALOOB"}
_NO_NUMBER = "urn:uuid:00000000-0000-0000-0000-000000000000"


def known_name(site: Site, course: str, learner: str) -> str:
    """Return the name under which the course's gradebook knows a learner; empty if it has none."""
    found = learners_of(open_course(released_root(site, course))).get(learner)
    return (found.name or "") if found else ""


def preview_certificate(site: Site, course: str, name: str, *, language: Language, now: datetime) -> bytes:
    """Return the first page of the certificate as a PNG picture.

    Args:
        name: as it would stand there; empty for none.

    Raises:
        CertificateError: the name has letters that no font of ours has, or is too long.
    """
    facts = _facts(load_released_manifest(released_root(site, course)), site, name, language, now)
    return draw_certificate(facts, language=language, ppi=80)[0]


def _facts(manifest: CourseManifest, site: Site, name: str, language: Language, now: datetime) -> CertificateFacts:
    return CertificateFacts(
        course_id=manifest.id,
        institution=site.settings.issuer.name,
        title=manifest.title.en,
        title_fil=manifest.title.fil,
        outcomes=tuple(outcome.text.in_language(language) for outcome in manifest.outcomes),
        notional_hours=manifest.notional_hours.total,
        awarded_on=site.day_of(now),
        credential_id=_NO_NUMBER,
        verify_url=site.published("verify"),
        holder=f"{name} · {_MARK[language]}" if name else _MARK[language],
        seal=read_seal(site),
    )
