"""Another Python library for Open Badges reads what we bake and accepts what we sign, and the other way round."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from openbadgeslib import baking
from openbadgeslib.ob3 import OB3LdpVerifier, OB3Verifier
from openbadgeslib.ob3.verifier import OB3VerificationError
from PIL import Image

from issuer.baking import bake, unbake
from issuer.svg_baking import bake_svg, unbake_svg
from tests.issuer.test_verification import AWARD, KEY, changed, signed

DOCUMENT = signed(replace(AWARD, valid_until=None))
"""Without an end: that library looks at the real clock."""
TEXT = json.dumps(DOCUMENT, ensure_ascii=False)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'


def picture() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), "navy").save(stream, "PNG")
    return stream.getvalue()


def verifier() -> OB3LdpVerifier:
    key = Ed25519PublicKey.from_public_bytes(KEY.public_bytes)
    return OB3LdpVerifier(pubkey_pem=key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def test_it_reads_our_png_and_svg_letter_by_letter() -> None:
    assert OB3Verifier.extract_token_from_png(bake(picture(), TEXT)) == TEXT
    assert OB3Verifier.extract_token_from_svg(bake_svg(SVG, TEXT)) == TEXT


def test_it_accepts_what_we_signed() -> None:
    credential = verifier().verify(TEXT)
    assert credential.achievement.name == DOCUMENT["credentialSubject"]["achievement"]["name"]


@pytest.mark.parametrize(
    ("path", "value"),
    [(("credentialSubject", "name"), "Mallory"), (("validUntil",), "2099-11-20T08:00:00Z"), (("issuer", "name"), "Another")],
)
def test_it_refuses_what_was_changed(path: tuple[Any, ...], value: str) -> None:
    with pytest.raises(OB3VerificationError):
        verifier().verify(changed(DOCUMENT, path, value))


def test_we_read_what_it_bakes() -> None:
    png = baking.bake_png(picture(), TEXT, keyword=baking.ITXT_KEYWORD_OB3)
    assert unbake(png) == TEXT
    svg = baking.bake_svg(SVG, TEXT, element=baking.SVG_ELEMENT_OB3, namespace=baking.SVG_NS_OB3, as_text=True)
    assert unbake_svg(svg) == TEXT
