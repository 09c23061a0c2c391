"""Reads the QR codes in a picture: a photo of a certificate, a screenshot.

Pictures come from strangers: only the kinds that phones and screens make are decoded, and only up to a number of pixels, which a file states before it is
decoded. JPEG is decoded in grey and as small as will do.
"""

from __future__ import annotations

import io
import warnings

import zxingcpp
from PIL import Image, ImageFilter, ImageOps, UnidentifiedImageError

from issuer.errors import DocumentUnreadableError
from portal.web.checking.errors import CheckTooMuchError

MAX_PIXELS = 64_000_000
"""More than telephones take unless they are told to."""
MAX_CODES = 8
MAX_CODE_CHARACTERS = 8_000
"""The largest QR code holds fewer."""
_CODES = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_FORMATS = ("PNG", "JPEG", "WEBP")
_LONGEST_SIDE = 4_000
_SOFTER = ImageFilter.GaussianBlur(0.7)
"""In a screenshot of a certificate the code has about two pixels for each of its squares, with hard edges: softened, they are read."""
_SMALL_SIDE = 3_200
"""What is not larger is read at twice its size as well."""
_BEGINS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


def is_picture(data: bytes) -> bool:
    """Whether bytes begin as a picture does that is read here."""
    return data.startswith(_BEGINS) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def read_codes(picture: bytes) -> tuple[str, ...]:
    """Return what the QR codes in a picture say, each once; empty if there are none.

    Raises:
        DocumentUnreadableError: it is no sound picture.
        CheckTooMuchError: it has too many pixels.
    """
    grey = _in_grey(picture)
    found = _codes(grey) or _codes(grey.filter(_SOFTER))
    if not found and max(grey.size) <= _SMALL_SIDE:
        found = _codes(grey.resize((2 * grey.width, 2 * grey.height), Image.Resampling.BICUBIC))
    return found


def _codes(grey: Image.Image) -> tuple[str, ...]:
    found = zxingcpp.read_barcodes(grey, formats=_CODES, text_mode=zxingcpp.TextMode.Plain)
    texts = dict.fromkeys(each.text.strip()[:MAX_CODE_CHARACTERS] for each in found if each.valid)
    return tuple(text for text in texts if text)[:MAX_CODES]


def _in_grey(picture: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # pixels are counted here, and fewer are allowed
            image: Image.Image = Image.open(io.BytesIO(picture), formats=_FORMATS)
        if image.width * image.height > MAX_PIXELS:
            raise CheckTooMuchError
        image.draft("L", (_LONGEST_SIDE, _LONGEST_SIDE))  # JPEG alone heeds it
        if image.has_transparency_data:
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
        grey = image.convert("L")
    except Image.DecompressionBombError as bomb:
        raise CheckTooMuchError from bomb
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, IndexError) as broken:
        # what Pillow's readers let through on malformed files
        raise DocumentUnreadableError("the picture is damaged", remedy="Take the photo or the screenshot again.") from broken
    grey.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    return ImageOps.expand(grey, border=16, fill="white")  # a picture that was cut close to its code lacks the white that readers look for
