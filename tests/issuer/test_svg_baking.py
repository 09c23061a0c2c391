from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from issuer.badge_image import BadgeFace, draw_badge
from issuer.errors import BakingError
from issuer.svg_baking import NAMESPACE, bake_svg, picture_as_svg, unbake_svg

PLAIN = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<!-- a badge --><svg xmlns="http://www.w3.org/2000/svg" width="9"><circle r="4"/>\n</svg>\n'
)
CREDENTIAL = json.dumps({"name": 'Niña ]]> <b> & "q"', "n": 1}, ensure_ascii=False, indent=2)
JWT = "eyJhbGciOiJFUzI1NiJ9.eyJpZCI6MX0.AAAA"


@pytest.mark.parametrize("text", [CREDENTIAL, JWT])
def test_what_is_baked_in_comes_out_letter_by_letter(text: str) -> None:
    assert unbake_svg(bake_svg(PLAIN, text)) == text


def test_the_credential_is_the_first_child_in_the_namespace_of_open_badges() -> None:
    root = ET.fromstring(bake_svg(PLAIN, CREDENTIAL))
    assert root[0].tag == f"{{{NAMESPACE}}}credential"
    assert json.loads(root[0].text or "") == json.loads(CREDENTIAL)
    as_jwt = ET.fromstring(bake_svg(PLAIN, JWT))
    assert as_jwt[0].get("verify") == JWT
    assert b"<openbadges:credential><![CDATA[{" in bake_svg(PLAIN, CREDENTIAL)


def test_the_rest_of_the_picture_stays_byte_for_byte() -> None:
    baked = bake_svg(PLAIN, CREDENTIAL)
    start = baked.index(b"<openbadges:credential")
    end = baked.index(b"</openbadges:credential>") + len(b"</openbadges:credential>")
    rest = (baked[:start] + baked[end:]).replace(f' xmlns:openbadges="{NAMESPACE}"'.encode(), b"")
    assert rest == PLAIN


def test_baking_again_replaces_what_was_there() -> None:
    twice = bake_svg(bake_svg(PLAIN, CREDENTIAL), JWT)
    assert unbake_svg(twice) == JWT
    assert twice == bake_svg(PLAIN, JWT)
    assert bake_svg(twice, CREDENTIAL) == bake_svg(PLAIN, CREDENTIAL)


def test_our_own_badge_as_svg_carries_a_credential() -> None:
    picture = picture_as_svg(draw_badge(BadgeFace("c", "A course", "A university", 2026)), width=600, height=600)
    assert unbake_svg(bake_svg(picture, CREDENTIAL)) == CREDENTIAL


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(max_size=8), st.text(max_size=30), max_size=4))
def test_any_json_survives(value: dict[str, str]) -> None:
    text = json.dumps(value)
    assert unbake_svg(bake_svg(PLAIN, text)) == text


def element(content: str, attributes: str = "") -> str:
    return f'<o:credential xmlns:o="{NAMESPACE}"{attributes}>{content}</o:credential>'


def svg(*inside: str) -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg"><g/>{"".join(inside)}</svg>'.encode()


def test_another_prefix_and_plain_text_are_read_too() -> None:
    assert unbake_svg(svg(element('{"a": "&lt;"}'))) == '{"a": "<"}'


@pytest.mark.parametrize(
    ("picture", "why"),
    [
        (PLAIN, "no credential is in"),
        (svg(element("{}"), element("{}")), "2 credentials are in"),
        (svg(element("{}", ' verify="eyJ"')), "says two things"),
        (svg(element("<g/>")), "holds other elements"),
        (svg(element("  ")), "empty or larger"),
        (svg("<openbadges:credential>{}</openbadges:credential>"), "no sound SVG"),
        (svg("<credential>{}</credential>"), "no credential is in"),
        (b'<!DOCTYPE svg [<!ENTITY a "aaaa">]>' + svg(element("&a;")), "document type"),
        (b'<!DOCTYPE svg SYSTEM "https://evil.example/x">' + PLAIN[39:], "document type"),
        (b"<html><body/></html>", "not an SVG picture"),
        (b"<svg><g/></svg>", "not an SVG picture"),
        (b"", "no sound SVG"),
        (b"<svg", "no sound SVG"),
        ("<?xml version='1.0' encoding='utf-16'?><svg xmlns='http://www.w3.org/2000/svg'/>".encode("utf-16"), "not SVG in UTF-8"),
        (svg("<g>" * 100 + "</g>" * 100), "too many elements, or too deep"),
        (svg("<g/>" * 60_000), "too many elements"),
        (b"<svg " + b" " * (9 * 2**20), "larger than"),
        (svg(element("x" * 300_000)), "empty or larger"),
    ],
)
def test_a_picture_that_could_be_read_in_two_ways_is_refused_in_words(picture: bytes, why: str) -> None:
    with pytest.raises(BakingError, match=why):
        unbake_svg(picture)


@pytest.mark.parametrize(
    "inside",
    ["<script>alert(1)</script>", '<g onload="x()"/>', '<a href="java\nscript:x()"/>', "<foreignObject/>", '<a href="data:text/html,x"/>'],
)
def test_nothing_is_baked_into_a_picture_with_scripts(inside: str) -> None:
    with pytest.raises(BakingError, match="scripts or event handlers"):
        bake_svg(svg(inside), CREDENTIAL)


@pytest.mark.parametrize("text", ["", "  ", "a\0b", "a\rb", "\ud800", "\ufffe", "{" + "x" * 300_000])
def test_text_that_xml_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(BakingError, match="credential"):
        bake_svg(PLAIN, text)


def test_an_empty_picture_and_a_taken_prefix_are_refused() -> None:
    with pytest.raises(BakingError, match="is empty"):
        bake_svg(b'<svg xmlns="http://www.w3.org/2000/svg"/>', CREDENTIAL)
    with pytest.raises(BakingError, match="prefix"):
        bake_svg(b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:openbadges="https://other.example"><g/></svg>', CREDENTIAL)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 400))
def test_a_damaged_picture_is_a_diagnosed_problem_or_another_text(noise: bytes, place: int) -> None:
    baked = bake_svg(PLAIN, CREDENTIAL)
    damaged = baked[:place] + noise + baked[place + len(noise) :]
    try:
        assert isinstance(unbake_svg(damaged), str)
    except BakingError as told:
        assert told.problem


def test_the_module_never_resolves_anything(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    with pytest.raises(BakingError, match="document type"):
        unbake_svg(f'<!DOCTYPE svg [<!ENTITY a SYSTEM "file://{secret}">]>'.encode() + svg(element("&a;")))
