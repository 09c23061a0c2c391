"""Certificates: what they say stands there literally, they fit, they are the same every time, and the proof is inside."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from issuer.badge_image import BadgeFace, draw_badge
from issuer.certificate import MAX_OUTCOMES, MAX_TEXT, CertificateFacts, draw_certificate, typeset_certificate
from issuer.certificate_words import WORDS, Language, written_date
from issuer.errors import CertificateError
from issuer.pdf_attachment import attached_credential

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
CREDENTIAL = '{"name": "María Clara Ibañez", "note": "ng mga 学生 \\u00e9"}'
FACTS = CertificateFacts(
    course_id="data-wrangling",
    institution="Bayanihan Open University",
    title="Introduction to Data Wrangling with Python",
    outcomes=("Load tabular data", "Clean missing values"),
    notional_hours=45,
    awarded_on=date(2026, 11, 20),
    credential_id="urn:uuid:3f0f6c1e-8a0b-4c58-9a55-6d1f0f2f7c11",
    verify_url="https://credentials.bayanihan.example/verify/3f0f6c1e-8a0b-4c58-9a55-6d1f0f2f7c11",
    holder="María Clara Ibañez ng Los Baños",
    title_fil="Panimula sa Pag-aayos ng Datos gamit ang Python",
    level="PQF Level 5",
    result="87 %",
)


def certificate(facts: CertificateFacts = FACTS, language: Language = "en") -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(typeset_certificate(facts, CREDENTIAL, made_at=NOW, language=language)))


def words_of(reader: pypdf.PdfReader) -> str:
    """Return the text of all pages on one line."""
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def test_a_certificate_says_what_was_earned_by_whom_and_that_it_is_only_a_picture() -> None:
    reader = certificate()
    text = words_of(reader)
    assert len(reader.pages) == 1
    for expected in (
        *(FACTS.institution, FACTS.holder, FACTS.title, FACTS.title_fil, *FACTS.outcomes, FACTS.level, FACTS.result),
        *("45", "20 November 2026", FACTS.credential_id, FACTS.verify_url.removeprefix("https://")),
        "This PDF is a picture of the credential; the proof is the signed file credential.json",
    ):
        assert expected is not None
        assert expected in text


def test_the_page_is_a4_landscape_and_links_to_the_check() -> None:
    page = certificate().pages[0]
    assert [round(float(side) / 72 * 25.4) for side in (page.mediabox.width, page.mediabox.height)] == [297, 210]
    annotations = page["/Annots"]
    assert isinstance(annotations, list)
    assert [each.get_object()["/A"]["/URI"] for each in annotations] == [FACTS.verify_url]


@pytest.mark.parametrize("language", ["en", "fil"])
def test_the_document_is_tagged_titled_and_in_its_language(language: Language) -> None:
    reader = certificate(language=language)
    root = reader.root_object
    assert str(root["/Lang"]) == language
    assert str(root["/MarkInfo"]) == "{'/Marked': True, '/Suspects': False}"
    assert reader.metadata is not None
    assert reader.metadata.title == f"{FACTS.title} – {FACTS.holder}"
    assert reader.metadata.author == FACTS.institution
    assert reader.metadata.creation_date == NOW
    xmp = reader.xmp_metadata
    assert xmp is not None
    packet = xmp.stream.get_data()
    assert b"<pdfuaid:part>1</pdfuaid:part>" in packet
    assert b"<pdfaid:part>3</pdfaid:part>" in packet


def test_a_certificate_in_filipino_speaks_filipino() -> None:
    text = words_of(certificate(language="fil"))
    for expected in ("Pinatutunayan nito na si", "ay nagkamit ng micro-credential na", "ika-20 ng Nobyembre 2026", FACTS.title):
        assert expected in text
    assert "This certifies" not in text


@pytest.mark.parametrize(("language", "shown"), [("en", "This certifies that the holder has"), ("fil", "na ang may hawak nito ay")])
def test_without_consent_the_name_is_nowhere_on_the_pages(language: Language, shown: str) -> None:
    reader = certificate(replace(FACTS, holder=None), language)
    assert shown in words_of(reader)
    assert reader.metadata is not None
    assert "Ibañez" not in words_of(reader) + str(reader.metadata)


def test_what_is_not_disclosed_does_not_stand_there_not_even_as_an_empty_row() -> None:
    text = words_of(certificate(replace(FACTS, result=None, level=None)))
    assert "Result" not in text
    assert "Level" not in text
    assert "Notional hours" in text


@pytest.mark.parametrize(
    "hostile",
    [
        "#evil[",
        "*x*",
        "_y_",
        "$ x^2 $",
        "`raw`",
        "<label> @ref",
        "= Heading",
        "- item",
        "\\u{41}",
        '#read("/etc/passwd")',
        "// gone",
        "A~B --- 'q' \"r\"",
    ],
)
def test_markup_in_a_text_stands_there_literally(hostile: str) -> None:
    facts = replace(FACTS, holder=hostile, title=hostile, institution=hostile, outcomes=(hostile,), level=hostile, title_fil=hostile)
    assert words_of(certificate(facts)).count(" ".join(hostile.split())) == 6


LATIN = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x17F, exclude_categories=["Cc", "Cf"]), min_size=1, max_size=MAX_TEXT)


@settings(max_examples=25, deadline=None)
@given(LATIN.filter(lambda text: bool(text.strip())))
def test_any_latin_text_of_any_length_makes_a_certificate_of_one_page(text: str) -> None:
    assert len(certificate(replace(FACTS, holder=text, title=text, title_fil=text, institution=text)).pages) == 1


@pytest.mark.parametrize(
    "name",
    [
        "Juan Crisóstomo Magsalin Ibarra y Magsaysay-Dimaculangan Panganiban ng Santo Niño III",
        "M" * 80,
        " ".join(["Niña"] * 60),
        "Νίκος Καζαντζάκης",
        "Лев Толстой",
        "Ng\u0303 Nguyễn Thị Ánh",
    ],
)
def test_long_and_foreign_names_fit_inside_the_frame(name: str) -> None:
    pages = draw_certificate(replace(FACTS, holder=name), ppi=50)
    assert len(pages) == 1
    with Image.open(io.BytesIO(pages[0])) as page:
        margin = page.convert("RGB").crop(
            (page.width * 19 // 297, page.height * 30 // 210, page.width * 23 // 297, page.height * 90 // 210)
        )
    colours = margin.getcolors()
    assert colours is not None
    assert [colour for _, colour in colours] == [(255, 255, 255)]


@pytest.mark.slow
def test_outcomes_that_do_not_fit_go_to_a_second_page_and_none_is_lost() -> None:
    outcomes = tuple(f"Outcome number {number}: " + "explain what was done and why " * 6 for number in range(20))
    reader = certificate(replace(FACTS, outcomes=outcomes))
    assert len(reader.pages) == 2
    assert "The learning outcomes are on the second page" in reader.pages[0].extract_text()
    assert all(f"Outcome number {number}:" in reader.pages[1].extract_text() for number in range(20))


def test_the_same_facts_give_the_same_bytes() -> None:
    assert typeset_certificate(FACTS, CREDENTIAL, made_at=NOW) == typeset_certificate(FACTS, CREDENTIAL, made_at=NOW)
    assert typeset_certificate(FACTS, CREDENTIAL, made_at=NOW) != typeset_certificate(FACTS, CREDENTIAL, made_at=NOW.replace(hour=9))


def test_the_signed_credential_is_inside_character_by_character() -> None:
    assert attached_credential(typeset_certificate(FACTS, CREDENTIAL, made_at=NOW)) == CREDENTIAL


def test_a_certificate_takes_the_badge_of_the_course() -> None:
    badge = draw_badge(BadgeFace(FACTS.course_id, FACTS.title, FACTS.institution, 2026))
    assert len(certificate().pages[0].images) == 0
    assert len(certificate(replace(FACTS, badge_png=badge)).pages[0].images) == 1


def test_a_character_that_no_font_has_is_a_diagnosed_error_and_not_a_box() -> None:
    with pytest.raises(CertificateError, match="学"):
        typeset_certificate(replace(FACTS, holder="学"), CREDENTIAL, made_at=NOW)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (replace(FACTS, holder=" "), "holder: the text is empty"),
        (replace(FACTS, title=""), "title: the text is empty"),
        (replace(FACTS, holder="\ud800"), "holder: the text has a lone surrogate"),
        (replace(FACTS, holder="x" * (MAX_TEXT + 1)), "holder: the text has 301 characters"),
        (replace(FACTS, outcomes=()), "outcomes, not 0"),
        (replace(FACTS, outcomes=("x",) * (MAX_OUTCOMES + 1)), "outcomes, not 41"),
        (replace(FACTS, outcomes=("x", "")), r"outcomes\[1\]"),
        (replace(FACTS, badge_png=b"no picture"), "badge"),
    ],
)
def test_facts_that_make_no_certificate_are_refused_by_field(change: CertificateFacts, reason: str) -> None:
    with pytest.raises(CertificateError, match=reason):
        typeset_certificate(change, CREDENTIAL, made_at=NOW)


@pytest.mark.parametrize("credential_text", ["", " ", '{"name": "\ud800"}'])
def test_a_certificate_without_its_proof_is_refused(credential_text: str) -> None:
    with pytest.raises(CertificateError, match="nothing to attach"):
        typeset_certificate(FACTS, credential_text, made_at=NOW)


def test_dates_are_written_as_people_write_them() -> None:
    assert written_date(date(2027, 1, 5), "en") == "5 January 2027"
    assert written_date(date(2027, 1, 5), "fil") == "ika-5 ng Enero 2027"
    assert WORDS.keys() == {"en", "fil"}
