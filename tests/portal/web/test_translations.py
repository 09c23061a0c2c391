"""Every text of the pages has its Filipino, and says the same things in it."""

from __future__ import annotations

import importlib.util
import re
from gettext import NullTranslations
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from babel.messages.catalog import Catalog

from portal.web.language import translations, unbroken

_SCRIPT = Path(__file__).parents[3] / "scripts" / "translations.py"
_TEMPLATES = Path(__file__).parents[3] / "portal" / "web" / "templates"
_PLURAL = re.compile(r"{%-?\s*trans\s+(?P<first>\w+)[^%]*%}(?:(?!endtrans).)*?{%-?\s*pluralize\s*(?P<named>\w*)", re.DOTALL)
_PLACE = re.compile(r"%\((\w+)\)[sd]|\{(\w+)[^}]*\}")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script that gathers the texts."""
    spec = importlib.util.spec_from_file_location("translations_script", _SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def catalogue(script: ModuleType) -> Catalog:
    made: Catalog = script.merged()
    return made


def test_every_text_is_translated(script: ModuleType, catalogue: Catalog) -> None:
    assert len(catalogue) > 1000
    assert script.missing(catalogue) == []


def test_a_translation_has_the_same_places_for_names_and_numbers(catalogue: Catalog) -> None:
    wrong = [each.id for each in catalogue if each.id and not places(each) >= needed(each)]
    assert wrong == []


def test_a_plural_is_chosen_by_a_number_and_not_by_what_happens_to_stand_first() -> None:
    found = [(path.name, each) for path in _TEMPLATES.rglob("*.html") for each in _PLURAL.finditer(path.read_text(encoding="utf-8"))]
    assert len(found) > 50
    assert [(name, each[0][:80]) for name, each in found if (each["named"] or each["first"]) != "count"] == []


def places(message: Any) -> set[str]:
    """Return the places that a translation may have in every one of its forms together."""
    strings = message.string if isinstance(message.string, tuple) else (message.string,)
    return {name for text in strings for match in _PLACE.findall(text) for name in match if name}


def needed(message: Any) -> set[str]:
    """Return the places that it must have: all, but the ends of English plurals in the core's sentences."""
    return {name for name in wanted(message) if message.context != "core" or not name.startswith("plural")}


def test_a_sentence_of_the_core_has_no_places_of_its_own_in_filipino(catalogue: Catalog) -> None:
    assert [each.id for each in catalogue if each.id and each.context == "core" and not places(each) <= wanted(each)] == []


def wanted(message: Any) -> set[str]:
    texts = message.id if isinstance(message.id, tuple) else (message.id,)
    return {name for text in texts for match in _PLACE.findall(text) for name in match if name}


def test_what_the_pages_read_is_what_was_gathered(catalogue: Catalog) -> None:
    read = translations("fil")
    assert read.gettext("Check a credential") == "Suriin ang isang kredensiyal"
    texts = [each for each in catalogue if isinstance(each.id, str) and each.id]
    assert [each.id for each in texts if told_of(read, each) not in {each.string, unbroken(str(each.string))}] == []


def told_of(read: NullTranslations, message: Any) -> str:
    return read.pgettext(message.context, message.id) if message.context else read.gettext(message.id)
