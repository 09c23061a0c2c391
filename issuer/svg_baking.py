"""Puts a signed credential into an SVG picture, and takes it out again.

Open Badges 3.0 (section 5.3.2): the namespace `https://purl.imsglobal.org/ob/v3p0` declared on `<svg>`, and one `<openbadges:credential>` as its
first child, with the JSON in a CDATA section, or a JWT in the attribute `verify`. Pictures come from strangers, so:

- no document type (no entities, so none that explode), UTF-8 only, size, depth and number of elements capped;
- a picture with more than one credential, or one that says two things, is refused: two readers would read two different credentials;
- nothing is put into a picture with scripts or event handlers: an institution should not hand those out.

The picture is spliced, never rewritten: what is not the credential stays byte for byte.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.parsers.expat import ErrorString, ExpatError, ParserCreate, XMLParserType
from xml.sax.saxutils import quoteattr

from issuer.documents import MAX_BYTES
from issuer.errors import BakingError

NAMESPACE = "https://purl.imsglobal.org/ob/v3p0"
MAX_SVG_BYTES = 8 * 2**20
_MAX_DEPTH = 64
_MAX_ELEMENTS = 50_000
_CREDENTIAL = f"{NAMESPACE} credential"
_SVG = "http://www.w3.org/2000/svg svg"
_NOT_XML = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 forbids, and the carriage return, which XML readers turn into a line feed."""
_SEND_THE_ORIGINAL = "Use the file as it was downloaded: editors rewrite pictures. The .json file works as well."


def bake_svg(svg: bytes, credential_text: str) -> bytes:
    """Return the picture with the credential inside; a credential that was there before is gone.

    Args:
        svg: the picture.
        credential_text: the signed credential, JSON or JWT, character by character as it is published.

    Raises:
        BakingError: the picture is no sound SVG or has scripts, or the text is empty, too long, or has a character that XML forbids.
    """
    if not credential_text.strip() or _NOT_XML.search(credential_text):
        raise BakingError("the credential is empty or has a character that XML forbids", remedy="Give the text of the signed credential.")
    if len(credential_text.encode("utf-8")) > MAX_BYTES:
        raise BakingError(f"the credential has more than the {MAX_BYTES} bytes that verifiers take")
    found = _Reader(svg, refuse_active=True).read()
    if found.prefix_is_taken:
        raise BakingError("the picture uses the prefix `openbadges` for something else", remedy="Take another picture for the badge.")
    if svg[found.inside - 2 : found.inside] == b"/>":
        raise BakingError("the picture is empty", remedy="Take another picture for the badge.")
    declaration = b"" if found.declares_prefix else f' xmlns:openbadges="{NAMESPACE}"'.encode()
    body, place = bytearray(), found.inside
    for start, end in found.spans:
        body += svg[place:start]
        place = end
    body += svg[place:]
    baked = svg[: found.inside - 1] + declaration + b">" + _element(credential_text) + bytes(body)
    if len(baked) > MAX_SVG_BYTES:
        raise BakingError(f"the picture would be larger than {MAX_SVG_BYTES} bytes", remedy="Take a smaller picture for the badge.")
    return baked


def unbake_svg(svg: bytes) -> str:
    """Return the text of the credential in the picture, as it was baked: JSON or a JWT.

    Raises:
        BakingError: the picture is no sound SVG, or there is not exactly one credential in it.
    """
    found = _Reader(svg, refuse_active=False).read()
    if len(found.texts) != 1:
        count = f"{len(found.texts)} credentials are" if found.texts else "no credential is"
        raise BakingError(f"{count} in this picture", remedy=_SEND_THE_ORIGINAL)
    text = found.texts[0]
    if not text.strip() or len(text.encode("utf-8")) > MAX_BYTES:
        raise BakingError(f"the credential in this picture is empty or larger than {MAX_BYTES} bytes", remedy=_SEND_THE_ORIGINAL)
    return text


def picture_as_svg(png: bytes, *, width: int, height: int) -> bytes:
    """Return an SVG that shows a PNG picture of `width` times `height` pixels.

    Raises:
        BakingError: it is no PNG.
    """
    import base64

    if not png.startswith(b"\x89PNG\r\n\x1a\n"):
        raise BakingError("this is not a PNG picture")
    data = base64.b64encode(png).decode("ascii")
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<image width="{width}" height="{height}" xlink:href="data:image/png;base64,{data}"/></svg>'
    ).encode("ascii")


@dataclass(slots=True)
class _Found:
    inside: int = -1
    """Where the content of `<svg>` begins."""
    declares_prefix: bool = False
    prefix_is_taken: bool = False
    texts: list[str] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    """Where the credentials stand, from their `<` to behind their `>`."""


class _Reader:
    """Reads one picture, event by event."""

    def __init__(self, svg: bytes, *, refuse_active: bool) -> None:
        self._svg, self._refuse_active = svg, refuse_active
        self._found = _Found()
        self._depth = self._elements = 0
        self._open: list[str] | None = None
        """The text of the credential that is being read."""
        self._attribute: str | None = None
        self._start = self._after = -1

    def read(self) -> _Found:
        """Return what is in the picture.

        Raises:
            BakingError: it is no sound SVG of acceptable size.
        """
        if len(self._svg) > MAX_SVG_BYTES:
            raise BakingError(f"the picture is larger than {MAX_SVG_BYTES} bytes", remedy="Use a smaller picture, or the .json file.")
        try:
            self._svg.decode("utf-8")
        except UnicodeDecodeError as other:
            raise BakingError("the picture is not SVG in UTF-8", remedy=_SEND_THE_ORIGINAL) from other
        parser = ParserCreate("utf-8", namespace_separator=" ")
        self._parser: XMLParserType = parser
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartNamespaceDeclHandler = self._namespace
        parser.StartElementHandler = self._started
        parser.EndElementHandler = self._ended
        parser.CharacterDataHandler = self._text
        parser.DefaultHandler = lambda _data: self._next()
        try:
            parser.Parse(self._svg, True)
        except ExpatError as broken:
            raise BakingError(f"the picture is no sound SVG: {ErrorString(broken.code)}", remedy=_SEND_THE_ORIGINAL) from broken
        self._close_span(len(self._svg))
        return self._found

    def _doctype(self, *_: object) -> None:
        raise BakingError("the picture has a document type, which is not read", remedy="Save it as plain SVG, without a DOCTYPE.")

    def _namespace(self, prefix: str | None, address: str) -> None:
        if prefix == "openbadges":
            if self._depth == 0 and address == NAMESPACE:
                self._found.declares_prefix = True
            elif address != NAMESPACE:
                self._found.prefix_is_taken = True

    def _started(self, name: str, attributes: dict[str, str]) -> None:
        self._next()
        self._depth += 1
        self._elements += 1
        if self._depth > _MAX_DEPTH or self._elements > _MAX_ELEMENTS:
            raise BakingError("the picture has too many elements, or too deep ones", remedy="Use a simpler picture, or the .json file.")
        if self._depth == 1 and name != _SVG:
            raise BakingError("this is not an SVG picture", remedy="Give an .svg or .png file, or the .json file.")
        if self._open is not None:
            raise BakingError("the credential in this picture holds other elements", remedy=_SEND_THE_ORIGINAL)
        if self._refuse_active:
            _refuse_active_content(name, attributes)
        if name == _CREDENTIAL:
            self._open, self._attribute = [], attributes.get("verify")
            self._start = self._parser.CurrentByteIndex

    def _ended(self, _name: str) -> None:
        self._next()
        self._depth -= 1
        if self._open is None:
            return
        text = "".join(self._open)
        if self._attribute is not None and text.strip():
            raise BakingError("the credential in this picture says two things", remedy=_SEND_THE_ORIGINAL)
        self._found.texts.append(text if self._attribute is None else self._attribute)
        self._open, self._attribute = None, None
        self._after = self._start

    def _text(self, data: str) -> None:
        self._next()
        if self._open is not None:
            self._open.append(data)

    def _next(self) -> None:
        """Take note of where this event begins: there ends what came before."""
        here = self._parser.CurrentByteIndex
        if self._depth >= 1 and self._found.inside < 0:
            self._found.inside = here
        self._close_span(here)

    def _close_span(self, here: int) -> None:
        if self._after >= 0:
            self._found.spans.append((self._after, here))
            self._after = -1


def _element(text: str) -> bytes:
    """Return the element that carries the credential."""
    if text.lstrip().startswith("{"):
        escaped = text.replace("]]>", "]]]]><![CDATA[>")
        return f"<openbadges:credential><![CDATA[{escaped}]]></openbadges:credential>".encode()
    return f"<openbadges:credential verify={quoteattr(text.strip())}></openbadges:credential>".encode()


def _refuse_active_content(name: str, attributes: dict[str, str]) -> None:
    handlers = [each for each in attributes if each.rpartition(" ")[2].lower().startswith("on")]
    scripts = [each for each in attributes.values() if re.sub(r"\s", "", each).lower().startswith(("javascript:", "data:text/html"))]
    if name.rpartition(" ")[2].lower() in {"script", "foreignobject"} or handlers or scripts:
        raise BakingError("the picture has scripts or event handlers", remedy="Take a plain picture for the badge.")
