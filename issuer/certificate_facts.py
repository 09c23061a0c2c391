"""What the certificate of a signed credential says, in one language: chosen from the credential and the frozen manifest that it was made with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from courses.manifest import CourseManifest
from courses.settings import Site
from issuer.achievement import percent
from issuer.certificate import CertificateFacts
from issuer.certificate_words import Language

_PASS_MARK = {"en": "pass mark", "fil": "pasadong marka"}
_LEVEL = {"en": "level", "fil": "antas"}


def certificate_facts(
    manifest: CourseManifest,
    credential_text: str,
    site: Site,
    *,
    verify_url: str,
    badge_png: bytes | None,
    seal: bytes | None,
    language: Language,
) -> CertificateFacts:
    """Return what the certificate says; days are those where the institution is, as on its pages.

    Args:
        credential_text: the signed credential.
        seal: a PNG or SVG picture; None for none.
    """
    document = json.loads(credential_text)
    until = document.get("validUntil")
    return CertificateFacts(
        course_id=manifest.id,
        institution=site.settings.issuer.name,
        title=manifest.title.en,
        title_fil=manifest.title.fil,
        outcomes=tuple(outcome.text.in_language(language) for outcome in manifest.outcomes),
        notional_hours=manifest.notional_hours.total,
        awarded_on=site.day_of(datetime.fromisoformat(document["awardedDate"])),
        credential_id=document["id"],
        verify_url=verify_url,
        holder=document["credentialSubject"].get("name"),
        level=", ".join(f"{level.framework} {_LEVEL[language]} {level.level}" for level in manifest.levels) or None,
        result=_result(manifest, document, language),
        valid_until=site.day_of(datetime.fromisoformat(until)) if until else None,
        badge_png=badge_png,
        seal=seal,
    )


def _result(manifest: CourseManifest, document: Mapping[str, Any], language: Language) -> str | None:
    """Return the overall result as the credential discloses it."""
    results = document["credentialSubject"].get("result", [])
    if not results or "value" not in results[0]:
        return None
    return f"{results[0]['value']} % ({_PASS_MARK[language]} {percent(manifest.pass_rule.overall)} %)"
