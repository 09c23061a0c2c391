"""QR codes in pictures: turned, small, grey, transparent, and in pictures that are bombs."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter, ImageOps

from courses.errors import DiagnosedError
from issuer.baking import KEYWORD, bake
from issuer.errors import BakingError, DocumentUnreadableError
from portal.web.checking.errors import CheckTooMuchError
from portal.web.checking.picture_codes import MAX_CODES, is_picture, read_codes
from portal.web.checking.tasks import take_out
from tests.portal.web.checking.pictures import as_bytes, lying_png, plain_png, qr_picture

ADDRESS = "https://badges.uni.example/verify/0b5c7d1e-5a0f-4d3a-9d53-1f6f3a4b5c6d"


@pytest.mark.parametrize("degrees", [0, 7, 45, 90, 180, 223, 270])
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_code_is_read_however_it_is_turned_and_kept(degrees: int, form: str) -> None:
    page = Image.new("L", (1200, 900), 235)
    page.paste(qr_picture(ADDRESS, scale=5), (400, 300))
    turned = page.rotate(degrees, expand=True, fillcolor=200, resample=Image.Resampling.BICUBIC)
    assert read_codes(as_bytes(turned.convert("RGB"), form, **({} if form == "PNG" else {"quality": 30}))) == (ADDRESS,)


def test_a_blurred_and_tilted_photo_is_read() -> None:
    page = Image.new("RGB", (2400, 1800), (180, 170, 150))
    page.paste(qr_picture(ADDRESS, scale=8).convert("RGB"), (900, 700))
    tilted = page.transform(page.size, Image.Transform.QUAD, (60, 20, 0, 1800, 2400, 1740, 2300, 90), Image.Resampling.BICUBIC)
    assert read_codes(as_bytes(tilted.filter(ImageFilter.GaussianBlur(2)), "JPEG", quality=40)) == (ADDRESS,)


def test_a_code_that_was_cut_close_is_dark_on_nothing_or_light_on_dark_is_read() -> None:
    code = qr_picture(ADDRESS)
    assert read_codes(as_bytes(ImageOps.crop(code, 24))) == (ADDRESS,)
    assert read_codes(as_bytes(ImageOps.invert(code))) == (ADDRESS,)
    transparent = Image.new("RGBA", code.size, (0, 0, 0, 0))
    transparent.paste((0, 0, 0, 255), mask=ImageOps.invert(code))
    assert read_codes(as_bytes(transparent)) == (ADDRESS,)


def test_several_codes_are_read_once_each_and_not_without_end() -> None:
    page = Image.new("L", (3000, 3000), 255)
    for place in range(16):
        page.paste(qr_picture(f"number {place // 2}", scale=4), (100 + place % 4 * 700, 100 + place // 4 * 700))
    page.paste(qr_picture("number 0", scale=4), (100, 2600))
    assert set(read_codes(as_bytes(page))) == {f"number {place}" for place in range(8)}
    assert MAX_CODES == 8


def test_a_picture_without_a_code_is_no_credential() -> None:
    assert read_codes(as_bytes(Image.new("RGB", (300, 300), "red"))) == ()
    with pytest.raises(DocumentUnreadableError, match="neither a credential nor a QR code"):
        take_out(as_bytes(Image.new("RGB", (300, 300), "red"), "JPEG"))


@pytest.mark.parametrize(
    "picture", [lying_png(60_000, 60_000), lying_png(8_001, 8_000), plain_png(8_001, 8_000), lying_png(2**31 - 1, 2**31 - 1)]
)
def test_a_picture_with_too_many_pixels_is_not_decoded(picture: bytes) -> None:
    with pytest.raises((CheckTooMuchError, DocumentUnreadableError)):
        read_codes(picture)


def test_a_picture_that_carries_a_credential_is_taken_for_nothing_else() -> None:
    code = as_bytes(qr_picture(ADDRESS))
    assert take_out(code).codes == (ADDRESS,)
    baked = bake(code, '{"a": 1}')
    assert take_out(baked).data == b'{"a": 1}'
    assert take_out(baked).codes == ()
    with pytest.raises(BakingError):
        take_out(baked.replace(b'{"a": 1}', b'{"a": 2}'))  # its checksum does not fit any more
    with pytest.raises(BakingError):
        take_out(code + KEYWORD.encode())


@given(st.binary(max_size=300), st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x00\x00\x00\x00WEBP"]))
def test_a_broken_picture_is_told_and_nothing_else_happens(data: bytes, begin: bytes) -> None:
    assert is_picture(begin + data)
    with pytest.raises(DiagnosedError):
        take_out(begin + data)


@given(st.data())
def test_a_picture_with_changed_bytes_is_read_or_told(data: st.DataObject) -> None:
    picture = bytearray(as_bytes(qr_picture("x", scale=2), data.draw(st.sampled_from(["PNG", "JPEG", "WEBP"]))))
    for _ in range(data.draw(st.integers(1, 4))):
        picture[data.draw(st.integers(12, len(picture) - 1))] = data.draw(st.integers(0, 255))
    try:
        take_out(bytes(picture))
    except DiagnosedError as told:
        assert told.problem


def test_other_kinds_of_pictures_are_not_even_looked_at() -> None:
    for form in ("GIF", "BMP", "TIFF"):
        out = io.BytesIO()
        qr_picture(ADDRESS).save(out, form)
        assert not is_picture(out.getvalue())
