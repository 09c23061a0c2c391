"""Typesets the certificate of a credential: one A4 page to print and frame, with the signed credential attached.

- The PDF is a picture; what proves is the signed file. It says so, shows where to check, and carries that file inside.
- Words are data: they reach the template as JSON and are never read as markup, so a name like `#evil[` stands there as it is.
- PDF/A-3a and PDF/UA-1: for archives, and for screen readers (tagged, titled, with language and alternative texts).
- Only fonts that come with our libraries are used, and the time comes from the caller: the same facts give the same bytes.
"""

from __future__ import annotations

import dataclasses
import io
import json
import re
import struct
import threading
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path

import segno
import typst

from courses.settings import Site
from issuer.badge_colours import colours_of, hexadecimal
from issuer.badge_image import SIZE_PX
from issuer.certificate_words import WORDS, Language, written_date
from issuer.errors import BakingError, CertificateError
from issuer.fonts import font_folder
from issuer.svg_baking import picture_as_svg

MAX_TEXT = 300
"""Characters of a name, a title or an address; more cannot be set legibly."""
MAX_OUTCOMES = 40
MAX_SEAL_BYTES = 512 * 1024
_TEMPLATE = Path(__file__).parent / "certificate_templates" / "certificate.typ"
_STANDARDS: list[typst.PDFStandard] = ["a-3a", "ua-1"]
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_ONE_AT_A_TIME = threading.Lock()
"""A compiler keeps the document it works on."""


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a certificate says, already chosen and worded for the reader; the credential it stands for says the same."""

    course_id: str
    """Decides the colours, as it does for the badge."""
    institution: str
    title: str
    """In English, as in the credential."""
    outcomes: tuple[str, ...]
    """In the language of the certificate."""
    notional_hours: float
    awarded_on: date
    credential_id: str
    verify_url: str
    holder: str | None = None
    """The learner's name; None without consent to show it."""
    title_fil: str | None = None
    level: str | None = None
    result: str | None = None
    """None if the course or the learner does not disclose it."""
    valid_until: date | None = None
    badge_png: bytes | None = None
    seal: bytes | None = None
    """The institution's seal, a PNG or SVG picture."""


def typeset_certificate(facts: CertificateFacts, credential_text: str, *, made_at: datetime, language: Language = "en") -> bytes:
    """Return the certificate as a PDF, with the credential attached as `credential.json`.

    Args:
        facts: what it says.
        credential_text: the signed credential, character by character as it is published.
        made_at: stands in the PDF as the time it was made; aware.
        language: of the fixed words and of the document.

    Raises:
        CertificateError: a text or the credential is missing, a text is too long or has a character that no font of ours has.
    """
    if not credential_text.strip() or _SURROGATE.search(credential_text):
        raise CertificateError(
            "there is nothing to attach, or no text", where="credential_text", remedy="Give the text of the signed credential."
        )
    inputs = {**_inputs(facts, language), "credential": credential_text}
    return _compiled(inputs, made_at=made_at)[0]


def draw_certificate(facts: CertificateFacts, *, language: Language = "en", ppi: float = 110) -> tuple[bytes, ...]:
    """Return the pages of the certificate as PNG pictures, for a preview.

    Raises:
        CertificateError: as for `typeset_certificate`.
    """
    return _compiled(_inputs(facts, language), ppi=ppi)


def read_seal(site: Site) -> bytes | None:
    """Return the picture of the institution's seal that the settings name, None if they name none.

    Raises:
        CertificateError: it cannot be read or is too large.
    """
    if site.settings.issuer.seal is None:
        return None
    path = site.root / site.settings.issuer.seal
    try:
        with path.open("rb") as file:
            return file.read(MAX_SEAL_BYTES + 1)
    except OSError as unreadable:
        raise CertificateError(
            f"the seal cannot be read: {unreadable.strerror}",
            where=str(path),
            remedy="Correct issuer.seal in patunay.toml, or take it out.",
        ) from unreadable


def _compiled(inputs: dict[str, str], *, made_at: datetime | None = None, ppi: float | None = None) -> tuple[bytes, ...]:
    """Return the PDF as one file, or with `ppi` the pages as pictures."""
    timestamp = int(made_at.timestamp()) if made_at else 0
    standards = [] if ppi else _STANDARDS
    try:
        with _ONE_AT_A_TIME:
            made = _compiler().compile(
                format="png" if ppi else "pdf", ppi=ppi, sys_inputs=inputs, pdf_standards=standards, timestamp=timestamp
            )
    except typst.TypstError as error:
        raise _diagnosed(error) from error
    if made is None:
        raise CertificateError("the certificate came out empty", remedy="This is a fault of ours: please report it.")
    return tuple(made) if isinstance(made, list) else (made,)


def _diagnosed(error: typst.TypstError) -> CertificateError:
    if "could not be displayed" in error.message:
        shown = re.search(r'the text `"(.*?)"`', error.message)
        return CertificateError(
            f"no font of ours has the characters {shown.group(1) if shown else '?'!r}",
            where="certificate",
            remedy="Write the name or title in Latin, Greek, Cyrillic, Hebrew or Arabic letters for the certificate; the credential keeps it as it is.",
        )
    return CertificateError(
        "the certificate could not be typeset", where=error.message, remedy="This is a fault of ours: please report it."
    )


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(_TEMPLATE, root=_TEMPLATE.parent, font_paths=[font_folder()], ignore_system_fonts=True)


def _inputs(facts: CertificateFacts, language: Language) -> dict[str, str]:
    _refuse_what_cannot_be_set(facts)
    inputs = {"facts": json.dumps(_facts_for_template(facts, language)), "qr": _qr_svg(facts.verify_url)}
    if facts.badge_png is not None:
        inputs["badge"] = _as_svg(facts.badge_png)
    if facts.seal is not None:
        inputs["seal"] = _seal_svg(facts.seal)
    return inputs


def _facts_for_template(facts: CertificateFacts, language: Language) -> dict[str, object]:
    words, colours = WORDS[language], colours_of(facts.course_id)
    holder = facts.holder or words.unnamed
    rows = [
        (words.hours, f"{facts.notional_hours:g}"),
        (words.level, facts.level),
        (words.result, facts.result),
        (words.awarded, written_date(facts.awarded_on, language)),
        (words.valid_until, written_date(facts.valid_until, language) if facts.valid_until else None),
    ]
    texts = dataclasses.asdict(words)
    texts["certifies"] = words.certifies if facts.holder else words.certifies_unnamed
    texts["qr_alt"] = f"{words.qr_alt}: {facts.verify_url}"
    texts["seal_alt"] = f"{words.seal_alt}: {facts.institution}"
    texts["badge_alt"] = f"{words.badge_alt}: {facts.title}"
    return {
        "language": language,
        "words": texts,
        "colours": {name: hexadecimal(getattr(colours, name)) for name in ("dark", "middle", "light")},
        "document_title": f"{facts.title} – {holder}",
        "description": words.description,
        "institution": facts.institution,
        "holder": holder,
        "title": facts.title,
        "title_fil": facts.title_fil,
        "outcomes": list(facts.outcomes),
        "rows": [{"label": label, "value": value} for label, value in rows if value],
        "verify_url": facts.verify_url,
        "verify_url_shown": facts.verify_url.removeprefix("https://"),
        "credential_id": facts.credential_id,
    }


def _refuse_what_cannot_be_set(facts: CertificateFacts) -> None:
    if not facts.outcomes or len(facts.outcomes) > MAX_OUTCOMES:
        raise CertificateError(
            f"a certificate shows 1 to {MAX_OUTCOMES} outcomes, not {len(facts.outcomes)}", remedy="Correct course.toml."
        )
    needed = {"institution": facts.institution, "title": facts.title, "credential_id": facts.credential_id, "verify_url": facts.verify_url}
    optional = {"holder": facts.holder, "title_fil": facts.title_fil, "level": facts.level, "result": facts.result}
    outcomes = {f"outcomes[{index}]": outcome for index, outcome in enumerate(facts.outcomes)}
    for field, value in {**needed, **outcomes, **optional}.items():
        if value is None:
            continue
        if not value.strip():
            raise CertificateError("the text is empty", where=field, remedy="Give it, or leave it out where that is allowed.")
        if _SURROGATE.search(value):
            raise CertificateError("the text has a lone surrogate, which is no character", where=field, remedy="Correct it.")
        if len(value) > MAX_TEXT:
            raise CertificateError(f"the text has {len(value)} characters", where=field, remedy=f"Shorten it to {MAX_TEXT}.")


def _qr_svg(url: str) -> str:
    """Return a QR code, medium error correction, with the quiet zone of four modules that scanners need."""
    out = io.BytesIO()
    segno.make_qr(url, error="m").save(out, kind="svg", border=4, xmldecl=False, nl=False)
    return out.getvalue().decode("utf-8")


def _as_svg(png: bytes) -> str:
    """Return an SVG that shows the badge: typst takes text from us, not bytes."""
    try:
        return picture_as_svg(png, width=SIZE_PX, height=SIZE_PX).decode("ascii")
    except BakingError as no_png:
        raise CertificateError(
            "the badge is no PNG picture", where="badge_png", remedy="Give what `badge_image.draw_badge` returns."
        ) from no_png


def _seal_svg(picture: bytes) -> str:
    """Return the seal as SVG text; one that is a PNG is wrapped in its own size.

    Raises:
        CertificateError: it is too large, or neither a PNG nor an SVG.
    """
    if len(picture) > MAX_SEAL_BYTES:
        raise CertificateError(
            f"the seal is larger than {MAX_SEAL_BYTES // 1024} KiB", where="issuer.seal", remedy="Take a smaller picture."
        )
    if picture.startswith(b"\x89PNG\r\n\x1a\n") and len(picture) > 24:
        width, height = struct.unpack(">II", picture[16:24])
        return picture_as_svg(picture, width=width, height=height).decode("ascii")
    try:
        text = picture.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if "<svg" not in text[:2000]:
        raise CertificateError("the seal is neither a PNG nor an SVG picture", where="issuer.seal", remedy="Convert it to one of these.")
    return text
