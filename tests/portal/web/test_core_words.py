"""The core's sentences on Filipino pages: found by their templates, never guessed, and nothing new is said to people without Filipino."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.web.core_words import core_element, core_text, in_language
from portal.web.language import core_templates

PROJECT = Path(__file__).parents[3]
_PLACE = re.compile(r"\{(\w+)\}")
TEMPLATES = core_templates("fil")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script that finds the core's sentences."""
    spec = importlib.util.spec_from_file_location("core_sentences", PROJECT / "scripts" / "core_sentences.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def filled(template: str, value: str) -> str:
    """Return the template with a value of its own in each place."""
    return _PLACE.sub(lambda place: f"{value}{place[1]}", template)


def test_every_sentence_that_is_made_of_a_template_is_told_in_filipino() -> None:
    clear = {template: told for template, told in TEMPLATES.items() if "}{" not in template.replace("{plural", "")}
    wrong = [template for template, told in clear.items() if in_language(filled(template, "Q7"), "fil") != filled(told, "Q7")]
    assert len(TEMPLATES) > 500
    assert wrong == []


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("You have not handed in “The basics”.", "Hindi mo pa naipapasa ang “The basics”."),
        ("“Loops” waits for your teacher: a person has to mark essay.", "Hinihintay ng “Loops” ang guro mo: kailangang markahan ng tao ang essay."),
        (
            "a.ipynb: cell 3 (sum) ended the kernel; b.ipynb: the submission took longer than the 300 s allowed",
            "a.ipynb: pinatigil ng cell 3 (sum) ang kernel; b.ipynb: mas matagal ang ipinasa kaysa sa 300 s na pinapayagan",
        ),
        ("work.ipynb: the notebook is larger than 20 MiB\nClear its outputs and save it again.",
         "work.ipynb: mas malaki sa 20 MiB ang notebook\nBurahin ang mga output nito at i-save muli."),
        ("There is nothing in it", "Walang laman ito"),
        (
            "the submission holds none of the assignment's notebooks (a.ipynb); it holds b.ipynb",
            "walang notebook ng gawaing ito sa ipinasa (ang hinahanap: a.ipynb); ang laman nito ay b.ipynb",
        ),
    ],
)  # fmt: skip
def test_sentences_as_the_core_says_and_keeps_them(sentence: str, told: str) -> None:
    assert core_text(sentence, "fil") == told
    assert core_text(sentence, "en") == sentence


@given(st.text())
def test_what_no_template_fits_stays_as_it_is_and_is_marked_as_english(text: str) -> None:
    odd = f"§ {text}"
    assert core_text(odd, "fil") == odd
    assert core_element(odd, "en").unescape() == odd
    element = core_element(odd, "fil")
    assert element.startswith('<span lang="en">§ ')
    assert element.endswith("</span>")


@given(st.text(min_size=1).filter(lambda text: text not in TEMPLATES))
def test_values_stay_what_they_are_whoever_wrote_them(value: str) -> None:
    told = core_element(f"You have not handed in “§{value}§”.", "fil")
    assert told.unescape() == f"Hindi mo pa naipapasa ang “§{value}§”."
    assert "<" not in told


def test_a_sentence_of_many_parts_is_looked_up_quickly_and_a_long_one_not_at_all() -> None:
    assert in_language("; ".join(["a: b"] * 800), "fil") is None
    assert in_language("there is nothing in it" * 1000, "fil") is None


def test_templates_are_read_from_the_code_as_people_read_them(script: ModuleType) -> None:
    source = '''
def told(self, book):
    """Not this one."""
    log.info("nor this line of a log")
    why = f"{_percent(book.overall)} of {book.overall:g} is kept" + (f"; {len(book.rows)} more rows" if book.rows else "")
    columns = ("learner", "points_possible", "not-submitted")
    if why == "this is compared":
        raise BookError(f"no book {name!r}{'s' if name else ''} here", where="in the shelf", remedy="Look {} again.".format("there now"))
'''
    assert script.module_sentences(source, ("told",)) == [
        "{overall} of {overall2} is kept{plural}", "; {rows} more rows", "no book {name}{plural} here", "Look {value} again.", "there now",
    ]  # fmt: skip
    assert script.module_sentences(source, (script.ERRORS,)) == ["no book {name}{plural} here", "Look {value} again.", "there now"]
    with pytest.raises(LookupError, match="nothing_there"):
        script.module_sentences(source, ("nothing_there",))


def test_every_module_that_pages_call_and_that_raises_errors_has_a_place_in_the_tables(script: ModuleType) -> None:
    called = {module for page in sorted((PROJECT / "portal" / "web").rglob("*.py")) for module in imported(page)}
    raising = {module for module in called if script.module_sentences((PROJECT / module).read_text(encoding="utf-8"), (script.ERRORS,))}
    assert raising - script.SHOWN.keys() - script.IN_ENGLISH.keys() == set()
    assert script.SHOWN.keys() & script.IN_ENGLISH.keys() == set()


def imported(page: Path) -> set[str]:
    """Return the modules of the core that a module of the pages imports, as paths."""
    modules = [node.module or "" for node in ast.walk(ast.parse(page.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom)]
    core = [
        each
        for each in modules
        if each.partition(".")[0] in {"courses", "autograder", "issuer", "portal"} and not each.startswith("portal.web")
    ]
    return {path for each in core if (PROJECT / (path := f"{each.replace('.', '/')}.py")).is_file()}
