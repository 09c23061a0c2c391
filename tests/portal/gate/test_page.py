"""The gate's page: one file that asks nobody for anything, says the verdict first, and shows what was found in words and not by colour alone."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from portal.gate.page import gate_page
from portal.gate.page_style import STYLE
from tests.portal.gate.gate_values import BAD, GOOD

VOID = {"meta", "br", "hr"}


class Outline(HTMLParser):
    """Reads a page: whether its elements close, its headings, ids and links."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.levels: list[int] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("report", [BAD, GOOD], ids=["bad", "good"])
def test_the_page_is_whole_and_asks_nobody_for_anything(report: object) -> None:
    page = gate_page(BAD if report is BAD else GOOD)
    outline = Outline(page)
    assert outline.open == []
    assert outline.links
    assert all(link.startswith("#") and link[1:] in outline.ids for link in outline.links)
    assert not {"script", "img", "iframe", "link", "form"} & set(outline.tags)
    assert "default-src 'none'" in page
    assert len(outline.ids) == len(set(outline.ids))
    assert all(later <= before + 1 for before, later in zip(outline.levels, outline.levels[1:], strict=False)), "no level is skipped"
    assert outline.levels.count(1) == 1


def test_what_a_course_says_is_text_and_never_markup() -> None:
    page = gate_page(BAD)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page


def test_the_verdict_stands_first_and_findings_say_why_and_what_to_do() -> None:
    page = gate_page(BAD)
    assert "The course tiny-course cannot be released: 1 finding blocks it, and 1 warning is for your judgement." in page
    assert page.index('class="verdict bad"') < page.index("<nav") < page.index("Blocking: these stop the release (1)")
    assert page.index("Blocking:") < page.index("Warnings: these are for your judgement (1)")
    assert "Points for nothing done are points for everyone." in page
    assert "Mend it." in page
    assert 'class="verdict good"' in gate_page(GOOD)


def test_an_outcome_without_evidence_and_everything_out_of_order_is_said_in_words() -> None:
    page = gate_page(BAD)
    assert "No item that is worth points gives evidence of: plans." in page
    assert "essay (by a person)" in page
    for told in (
        "it starts a program",
        "1, should be 2",
        "2, should be 0",
        "pays for an answer that does not work",
        "6.00 s (60 %)",
        "1024 MiB (100 %)",
    ):
        assert told in page, told
    assert '<span class="taken">-    return n * n</span>' in page
    assert "Slipped past t." in page
    assert "the secret" not in page


def test_a_gate_that_could_not_run_says_so() -> None:
    page = gate_page(replace(GOOD, depth="static", obstacle="no kernel can be forked here"))
    assert "it was not rehearsed (no kernel can be forked here)" in page
    assert 'class="verdict doubt"' in page


def test_colours_of_text_keep_the_contrast_that_wcag_asks_for() -> None:
    light, dark, paper = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    for scheme in (light, dark):
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", scheme))
        for ink, ground in [("ink", "paper"), ("ink", "soft"), ("link", "paper"), ("bad", "bad-soft"), ("bad", "paper"), ("doubt", "doubt-soft"),
                            ("doubt", "paper"), ("good", "good-soft"), ("added", "soft"), ("taken", "soft")]:  # fmt: skip
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    assert "--paper: #fff" in paper


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2.2."""
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
