"""The core's sentences in the language of a page.

The core speaks English, and some of its sentences were written down long ago. The catalogue holds the templates that they are made of, in the context `core`
(gathered by `scripts/core_sentences.py`); here a finished sentence is matched to its template, and the values in it are put into the template's Filipino
(`portal.web.sentence_templates`). What no template fits stays English and is marked as English: pages say `{{ sentence|core }}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from markupsafe import Markup, escape

from portal.web.language import DEFAULT, core_templates, unbroken
from portal.web.sentence_templates import SentenceTemplates

_CODE = re.compile(r"`([^`\n]+)`")
NO_NAMES: Mapping[str, str] = {}
"""Of no course."""


def in_language(sentence: str, language: str, names: Mapping[str, str] = NO_NAMES) -> str | None:
    """Return a sentence of the core in a language; None if there is no translation of it.

    Args:
        names: titles and outcomes of courses, in English, and what they are in that language: those that stand in the sentence are told so.
    """
    if language == DEFAULT or not sentence:
        return sentence
    return _templates(language).told(sentence, names) if names else _translated(sentence, language)


def core_text(sentence: str, language: str, names: Mapping[str, str] = NO_NAMES) -> str:
    """Return a sentence of the core in a language, as it is if there is no translation of it."""
    return in_language(sentence, language, names) or sentence


def core_element(sentence: str | None, language: str, names: Mapping[str, str] = NO_NAMES) -> Markup:
    """Return a sentence of the core as HTML: in the page's language, or as it is and marked as English."""
    if not sentence:
        return Markup("")
    told = in_language(sentence, language, names)
    return _drawn(told) if told is not None else Markup('<span lang="en">{}</span>').format(_drawn(sentence))


def _drawn(sentence: str) -> Markup:
    """Return a sentence as HTML: what stands between backticks is code, and a percent sign stays with its number."""
    return Markup(_CODE.sub(r"<code>\1</code>", unbroken(str(escape(sentence)))))  # noqa: S704 -- escaped first


@lru_cache(maxsize=4096)
def _translated(sentence: str, language: str) -> str | None:
    return _templates(language).told(sentence)


@cache
def _templates(language: str) -> SentenceTemplates:
    return SentenceTemplates(core_templates(language))
