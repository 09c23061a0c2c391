"""The certificate as it would look, before anything is issued: with the learner's own facts, marked as a sample, and nothing signed in it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

from courses.settings import Site
from issuer.award_rows import AwardRow
from issuer.badge_image import BadgeFace, draw_badge
from issuer.batches import load_batch
from issuer.certificate import read_seal, typeset_certificate
from issuer.certificate_facts import certificate_facts
from issuer.certificate_words import Language
from issuer.credential import build_credential
from issuer.errors import BatchError
from issuer.identity import load_identity
from issuer.issuing import award_of
from issuer.ledger import Batch, BatchRow, open_ledger
from issuer.standing import read_standing

_NOBODY = "urn:uuid:00000000-0000-0000-0000-000000000000"
_MARK = {"en": "SAMPLE, NOT ISSUED", "fil": "HALIMBAWA, HINDI IPINAGKALOOB"}


def sample_certificate(site: Site, name: str, learner: str, *, language: Language = "en", now: datetime) -> bytes:
    """Return the PDF that a learner of a batch would get, marked as a sample.

    Raises:
        BatchError: there is no such batch, or the learner is not in it.
    """
    with open_ledger(site.ledger_url) as session:
        batch = load_batch(session, name)
        stored = session.query(BatchRow).filter(BatchRow.batch_id == batch.id, BatchRow.learner == learner).first()
        if stored is None or not stored.content:
            raise BatchError(f"{learner!r} is not in this batch", where=batch.id, remedy="Choose somebody of its rows.")
        row, course = AwardRow.model_validate_json(stored.content), batch.course
    manifest, url = read_standing(site, course).manifest, site.settings.url.rstrip("/")
    sample = Batch(
        id=batch.id, course=course, version=batch.version, content_hash=batch.content_hash, prepared_by=batch.prepared_by,
        approved_by=batch.approved_by or "", approved_at=batch.approved_at or now.isoformat(),
    )  # fmt: skip
    award = award_of(row, sample, manifest, site, (1, 0), now)
    document = {**build_credential(manifest, load_identity(site).profile, award, url), "id": _NOBODY}
    facts = certificate_facts(
        manifest,
        json.dumps(document),
        site,
        verify_url=f"{url}/sample",
        badge_png=draw_badge(BadgeFace(manifest.id, manifest.title.en, site.settings.issuer.name, now.year)),
        seal=read_seal(site),
        language=language,
    )
    marked = replace(facts, holder=f"{facts.holder} · {_MARK[language]}" if facts.holder else _MARK[language])
    return typeset_certificate(marked, json.dumps({"sample": "Nothing was issued."}), made_at=now, language=language)
