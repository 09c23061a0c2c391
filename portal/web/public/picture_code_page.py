"""Where the QR codes of a picture lead. Pure. What they say is a stranger's word: it is shown as text, and a link names the host that it leads to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from portal.web.public.own_credentials import own_page, read_number
from portal.web.public.verdict_words import Gettext

_LONGEST_SHOWN, _LONGEST_LINK = 2_000, 2_000


@dataclass(frozen=True, slots=True)
class CodeLine:
    """What one code says."""

    text: str
    """Without characters that cannot be seen or that turn the direction of others."""
    link: str = ""
    """Its address, if it is one that may be followed."""
    host: str = ""
    """Whose address it is, in ASCII."""


@dataclass(frozen=True, slots=True)
class CodePage:
    """What a picture's codes say that lead to no check of ours."""

    title: str
    advice: str
    codes: tuple[CodeLine, ...]


def own_page_of_codes(texts: Iterable[str], own_hosts: frozenset[str]) -> str:
    """Return the page of ours to which the first code leads that leads to any, relative to the portal's prefix; empty if none does."""
    for text in texts:
        number = read_number(text)
        page = f"verify/{number}" if number else own_page(text, own_hosts) if _host(text) else ""
        if page:
            return page
    return ""


def credential_of_codes(texts: Iterable[str]) -> bytes:
    """Return the credential, as JSON or as a JWT, that a code is itself; empty if none is."""
    return next((text.encode("utf-8", "replace") for text in texts if text.startswith(("{", "eyJ"))), b"")


def code_page(texts: Iterable[str], gettext: Gettext) -> CodePage:
    """Return the page that tells what codes say."""
    _ = gettext
    codes = tuple(_line(text) for text in texts)
    advice = _("The picture itself proves nothing. Ask the holder for the file, and check that here: JSON, the badge or the certificate.")
    title = _("This QR code leads to another site") if any(each.link for each in codes) else _("This QR code leads to no check")
    return CodePage(title, advice, codes)


def _line(text: str) -> CodeLine:
    shown = "".join(each if each.isprintable() else "�" for each in text[:_LONGEST_SHOWN])
    host = _host(text)
    return CodeLine(shown, text, host) if host and shown == text else CodeLine(shown)


def _host(text: str) -> str:
    """Return the host of a web address, empty if the text is none that one would follow: it may hide its host behind a name and an `@`."""
    if (
        len(text) > _LONGEST_LINK
        or not text.lower().startswith(("https://", "http://"))
        or any(each.isspace() or each == "\\" for each in text)
    ):
        return ""
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except ValueError:  # UnicodeError is one
        return ""
    return host if "@" not in parts.netloc else ""
