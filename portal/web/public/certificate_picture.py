"""The certificate of a credential of this site as a picture, for comparison with what somebody holds. Never before its signature was found to fit.

It shows the result only if the holder shows it: the number alone, which the picture is asked for by, may stand on a public profile.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import cast

from courses.errors import DiagnosedError
from courses.settings import Site
from issuer.badge_image import BadgeFace, draw_badge
from issuer.certificate import draw_certificate, read_seal
from issuer.certificate_facts import certificate_facts
from issuer.certificate_words import Language
from issuer.frozen_courses import manifest_of
from issuer.ledger import find_credential, open_ledger
from issuer.publishing import verify_url
from portal.verifying import examine
from portal.web.public.own_credentials import find_own
from portal.web.public.own_site_resolver import site_resolver

_PPI = 90


def draw_own_certificate(site: Site, number: str, now: datetime, language: str) -> bytes | None:
    """Return the first page of a credential's certificate as a PNG; None if there is none, its signature does not fit, or it cannot be drawn."""
    with open_ledger(site.ledger_url) as session:
        credential = find_credential(session, number) if number else None
        if credential is None or not credential.document:
            return None
        resolver = site_resolver(site.root, ask_others=False)
        if examine(credential.document.encode("utf-8"), resolver=resolver, now=now).document is None:
            return None
        try:
            manifest = manifest_of(site, session, credential)
            issued = datetime.fromisoformat(credential.issued_at)
            facts = certificate_facts(
                manifest,
                credential.document,
                site,
                verify_url=verify_url(site, credential),
                badge_png=draw_badge(BadgeFace(manifest.id, manifest.title.en, site.settings.issuer.name, issued.year)),
                seal=read_seal(site),
                language=cast(Language, language),
            )
            own = find_own(site, credential.id)
            shown = facts if own is not None and own.choices.show_grade else replace(facts, result=None)
            return draw_certificate(shown, language=cast(Language, language), ppi=_PPI)[0]
        except DiagnosedError:
            return None
