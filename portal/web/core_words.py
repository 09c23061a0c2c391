"""The core's sentences in the language of a page.

The core speaks English, and some of its sentences were written down long ago. The catalogue holds the templates that they are made of, in the context `core`
(gathered by `scripts/core_sentences.py`); here a finished sentence is matched to its template, and the values in it are put into the template's Filipino. A
value may be such a sentence itself. What no template fits stays English and is marked as English: pages say `{{ sentence|core }}`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from markupsafe import Markup, escape

from portal.web.language import DEFAULT, core_templates

_PLACE = re.compile(r"\{(\w+)\}")
_DEEPEST = 3
"""How often a value may be a sentence whose value is one."""
_LONGEST = 4_000
_MOST_PARTS = 20


@dataclass(frozen=True, slots=True)
class _Template:
    """A sentence with named places, and what it is in another language."""

    pattern: re.Pattern[str]
    sure: str
    """The longest piece of text that every such sentence has."""
    translated: str
    is_open: bool
    """Whether it begins with a value."""

    def told(self, sentence: str, templates: tuple[_Template, ...], depth: int) -> str | None:
        """Return the sentence in the other language, None if it is not of this template."""
        found = self.pattern.fullmatch(sentence) if self.sure in sentence else None
        if found is None:
            return None
        values = {name: _told(value, templates, depth + 1) or value for name, value in found.groupdict().items()}
        return _PLACE.sub(lambda place: values[place[1]], self.translated)


def in_language(sentence: str, language: str) -> str | None:
    """Return a sentence of the core in a language; None if there is no translation of it."""
    return sentence if language == DEFAULT or not sentence else _translated(sentence, language)


def core_text(sentence: str, language: str) -> str:
    """Return a sentence of the core in a language, as it is if there is no translation of it."""
    return in_language(sentence, language) or sentence


def core_element(sentence: str | None, language: str) -> Markup:
    """Return a sentence of the core as HTML: in the page's language, or as it is and marked as English."""
    if not sentence:
        return Markup("")
    told = in_language(sentence, language)
    return escape(told) if told is not None else Markup('<span lang="en">{}</span>').format(sentence)


@lru_cache(maxsize=4096)
def _translated(sentence: str, language: str) -> str | None:
    return _told(sentence, _templates(language), 0) if len(sentence) <= _LONGEST else None


@cache
def _templates(language: str) -> tuple[_Template, ...]:
    """Return the templates of a language, those that say most first."""
    texts = sorted(core_templates(language).items(), key=lambda each: -len(_PLACE.sub("", each[0])))
    return tuple(_template(text, translated) for text, translated in texts)


def _template(text: str, translated: str) -> _Template:
    pieces = _PLACE.split(text)
    literals = pieces[::2]
    pattern = "".join(
        f"(?P<{piece}>.*?)" if place % 2 and piece.startswith("plural") else f"(?P<{piece}>.+?)" if place % 2 else re.escape(piece)
        for place, piece in enumerate(pieces)
    )
    return _Template(re.compile(pattern, re.DOTALL), max(literals, key=len), translated, is_open=not literals[0])


def _told(sentence: str, templates: tuple[_Template, ...], depth: int) -> str | None:
    """Return a sentence in the other language.

    First as a template that begins with words; then its parts (lines, what was joined by semicolons, what follows the name of a file); then as a template
    that begins with a value, which could be anything.
    """
    if depth > _DEEPEST:
        return None
    return (
        _as_whole(sentence, [each for each in templates if not each.is_open], templates, depth)
        or _in_parts(sentence, templates, depth)
        or _as_whole(sentence, [each for each in templates if each.is_open], templates, depth)
        or _without_its_stop(sentence, templates, depth)
    )


def _without_its_stop(sentence: str, templates: tuple[_Template, ...], depth: int) -> str | None:
    told = _told(sentence[:-1], templates, depth + 1) if sentence.endswith(".") else None
    return None if told is None else f"{told}."


def _as_whole(sentence: str, chosen: list[_Template], templates: tuple[_Template, ...], depth: int) -> str | None:
    lower = sentence[:1].lower() + sentence[1:]
    for form in dict.fromkeys((sentence, lower)):
        for template in chosen:
            told = template.told(form, templates, depth)
            if told is not None:
                return told if form == sentence else told[:1].upper() + told[1:]
    return None


def _in_parts(sentence: str, templates: tuple[_Template, ...], depth: int) -> str | None:
    for mark, between in (("\n", "\n"), ("; ", "; "), (r"(?<=[.!?]) (?=[A-Z“])", " ")):
        parts = re.split(mark, sentence)
        if 1 < len(parts) <= _MOST_PARTS:
            every = [told for part in parts if (told := _told(part, templates, depth + 1)) is not None]
            if len(every) == len(parts):
                return between.join(every)
    where, colon, rest = sentence.partition(": ")
    told = _told(rest, templates, depth + 1) if colon and rest and not re.search(r"\s", where) else None
    return None if told is None else f"{where}: {told}"
