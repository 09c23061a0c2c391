"""The languages of the pages: English in the code and the templates, Filipino by gettext from `locale/`.

The catalogue is read from its `.po` text when the portal starts, so that nothing has to be compiled before.
"""

from __future__ import annotations

import io
import re
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = {"en": "English", "fil": "Filipino"}
"""Code (BCP 47) to the name that the language has for itself."""
DEFAULT = "en"
LOCALE = Path(__file__).resolve().parent / "locale"
CORE = "core"
"""The context (`msgctxt`) of the catalogue's sentences that the core says."""
_BEFORE_PERCENT = re.compile(r"(?:(?<=[\d}])|(?<=\)s)) (?=%)")
"""The space between a number, or the place of one, and its percent sign."""
_SAME = {"fil": "fil", "tl": "fil", "en": "en"}


@lru_cache(maxsize=4096)  # pages have the same texts again and again
def unbroken(text: str) -> str:
    """Return a text whose percent signs stay in the line of their numbers."""
    return _BEFORE_PERCENT.sub("\u00a0", text)


class _OwnTexts(NullTranslations):
    """English."""

    def gettext(self, message: str) -> str:
        """Return a text."""
        return unbroken(super().gettext(message))

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the text for a number."""
        return unbroken(super().ngettext(msgid1, msgid2, n))


class _Translated(_OwnTexts, GNUTranslations):
    """Any other language."""


@cache
def translations(language: str) -> NullTranslations:
    """Return the texts of a language; those of English are the code's own."""
    catalogue = _catalogue(language)
    if catalogue is None:
        return _OwnTexts()
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return _Translated(compiled)


def core_templates(language: str) -> dict[str, str]:
    """Return the templates of the core's sentences, with named places such as `{title}`, and what they are in a language; none in English."""
    catalogue = _catalogue(language)
    return {str(each.id): str(each.string) for each in catalogue or () if each.id and each.string and each.context == CORE}


@cache
def _catalogue(language: str) -> Catalog | None:
    path = LOCALE / language / "LC_MESSAGES" / "portal.po"
    if language == DEFAULT or not path.is_file():
        return None
    with path.open("rb") as stream:
        return read_po(stream, locale=None)


def choose_language(asked: str, kept: str, accepted: str) -> str:
    """Return the language of a page: what its address asks for, what was kept in a cookie, what the browser accepts best, English.

    Args:
        accepted: an Accept-Language header (RFC 9110, 12.5.4), of any form.
    """
    for wish in (asked, kept):
        if wish in LANGUAGES:
            return wish
    weighed = []
    for place, part in enumerate(accepted[:400].split(",")):
        tag, _, parameters = part.strip().partition(";")
        known = _SAME.get(tag.partition("-")[0].lower())
        if known:
            weighed.append((-_weight(parameters), place, known))
    return min(weighed)[2] if weighed and min(weighed)[0] < 0 else DEFAULT


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0
