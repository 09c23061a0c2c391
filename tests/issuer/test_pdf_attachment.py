"""Reading the credential out of a PDF: exactly one, of acceptable size, and never an unexplained crash."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from issuer.certificate import CertificateFacts, typeset_certificate
from issuer.documents import MAX_BYTES
from issuer.errors import CertificateError
from issuer.pdf_attachment import ATTACHMENT_NAME, MAX_PDF_BYTES, attached_credential

FACTS = CertificateFacts(
    course_id="stats",
    institution="Bayanihan Open University",
    title="Statistics",
    outcomes=("Count",),
    notional_hours=10,
    awarded_on=date(2026, 11, 20),
    credential_id="urn:uuid:3f0f6c1e-8a0b-4c58-9a55-6d1f0f2f7c11",
    verify_url="https://credentials.bayanihan.example/verify/1",
)
PDF = typeset_certificate(FACTS, '{"name": "ñ"}', made_at=datetime(2026, 11, 20, tzinfo=UTC))


def pdf_with(*attachments: tuple[str, bytes]) -> bytes:
    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    for name, content in attachments:
        writer.add_attachment(name, content)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_the_credential_of_our_own_certificate_comes_out() -> None:
    assert attached_credential(PDF) == '{"name": "ñ"}'


def test_other_attachments_do_not_disturb() -> None:
    assert attached_credential(pdf_with(("notes.txt", b"hello"), (ATTACHMENT_NAME, b"{}"))) == "{}"


def test_a_compressed_attachment_is_read_and_one_that_explodes_is_not() -> None:
    def compressed(content: bytes) -> bytes:
        writer = pypdf.PdfWriter()
        writer.add_blank_page(100, 100)
        file = writer.add_attachment(ATTACHMENT_NAME, content)
        embedded = file.pdf_object["/EF"]
        assert isinstance(embedded, pypdf.generic.DictionaryObject)
        stream = embedded.raw_get("/F").get_object()
        writer._replace_object(embedded.raw_get("/F"), stream.flate_encode())
        out = io.BytesIO()
        writer.write(out)
        return out.getvalue()

    assert attached_credential(compressed(b'{"a": 1}')) == '{"a": 1}'
    with pytest.raises(CertificateError, match="damaged"):
        attached_credential(compressed(b" " * (50 * 2**20)))


@pytest.mark.parametrize(
    ("pdf", "reason"),
    [
        (b"", "not a PDF"),
        (b"\x89PNG\r\n\x1a\n", "not a PDF"),
        (b"%PDF-1.7\n", "damaged"),
        (PDF[: len(PDF) // 2], "damaged|no credential"),
        (PDF + b" " * MAX_PDF_BYTES, "larger than"),
        (pdf_with(), "no credential is attached"),
        (pdf_with(("other.json", b"{}")), "no credential is attached"),
        (pdf_with((ATTACHMENT_NAME, b"{}"), (ATTACHMENT_NAME, b"[]")), "2 credentials are attached"),
        (pdf_with((ATTACHMENT_NAME, b"\xff\xfe")), "not UTF-8"),
        (pdf_with((ATTACHMENT_NAME, b"  ")), "is empty"),
        (pdf_with((ATTACHMENT_NAME, b"x" * (MAX_BYTES + 1))), "larger than"),
        (pdf_with(*((f"{number}.txt", b"") for number in range(20))), "more than 16"),
    ],
    ids=lambda value: value if isinstance(value, str) else "pdf",
)
def test_a_pdf_without_exactly_one_sound_credential_is_refused(pdf: bytes, reason: str) -> None:
    with pytest.raises(CertificateError, match=reason) as raised:
        attached_credential(pdf)
    assert raised.value.remedy


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(PDF) - 1), st.integers(0, 255)), min_size=1, max_size=40))
def test_a_damaged_pdf_gives_text_or_a_diagnosed_error_and_nothing_else(changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(PDF)
    for place, value in changes:
        damaged[place] = value
    try:
        assert attached_credential(bytes(damaged)).strip()
    except CertificateError as refused:
        assert refused.remedy
