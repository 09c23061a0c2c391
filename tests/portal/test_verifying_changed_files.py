"""Files that somebody changed, as they come from strangers: whatever is done to one, only the credential that was signed is relied on."""

from __future__ import annotations

import io
import json
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfWriter

from issuer.baking import bake
from issuer.documents import parse_document
from issuer.svg_baking import bake_svg
from portal.verifying import read_credential, verify_source
from tests.issuer.examples import NOW
from tests.issuer.test_verification import publications, signed
from tests.issuer.test_verification_of_jwts import JWT, published

TEXT = json.dumps(signed(), ensure_ascii=False)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><title>t</title><rect width="9" height="9"/></svg>'


@cache
def files() -> dict[str, bytes]:
    """Return the credential in every form that we read."""
    picture, pdf = io.BytesIO(), PdfWriter()
    Image.new("RGB", (8, 8), "navy").save(picture, "PNG")
    pdf.add_blank_page(200, 200)
    pdf.add_attachment("credential.json", TEXT.encode())
    written = io.BytesIO()
    pdf.write(written)
    return {
        "json": TEXT.encode(),
        "png": bake(picture.getvalue(), TEXT),
        "svg": bake_svg(SVG, TEXT),
        "pdf": written.getvalue(),
        "jwt": JWT.encode(),
        "jwt in png": bake(picture.getvalue(), JWT),
        "jwt in svg": bake_svg(SVG, JWT),
    }


def resolver_of(form: str) -> object:
    return published() if "jwt" in form else publications()


@pytest.mark.parametrize("form", sorted(files()))
def test_every_form_is_relied_on_as_it_was_signed(form: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(files()[form])
    assert verify_source(str(path), resolver=resolver_of(form), now=NOW, offline=True).is_good  # type: ignore[arg-type]


@pytest.mark.parametrize("form", sorted(files()))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_a_changed_file_is_relied_on_only_if_it_still_says_what_was_signed(form: str, data: st.DataObject, tmp_path: Path) -> None:
    content = bytearray(files()[form])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content)))
        how = data.draw(st.sampled_from(["change", "insert", "remove", "cut", "repeat"]))
        if how == "change" and place < len(content):
            content[place] = data.draw(st.integers(0, 255))
        elif how == "insert":
            content[place:place] = data.draw(st.binary(max_size=8))
        elif how == "remove":
            del content[place : place + data.draw(st.integers(1, 40))]
        elif how == "cut":
            del content[place:]
        else:
            content[place:place] = content[place : place + data.draw(st.integers(1, 2_000))]
    path = tmp_path / "file"
    path.write_bytes(content)
    result = verify_source(str(path), resolver=resolver_of(form), now=NOW, offline=True)  # type: ignore[arg-type]
    if not result.is_good:
        assert result.problem or result.report
        return
    found = read_credential(str(path), offline=True)
    if found.strip().startswith(b"eyJ"):
        assert found.strip() == JWT.encode()
    else:
        assert parse_document(found) == signed()
