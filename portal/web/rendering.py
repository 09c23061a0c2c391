"""Renders templates: Jinja with everything escaped, undefined names refused, and the words of the page's language."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined, nodes, select_autoescape
from jinja2.ext import InternationalizationExtension
from jinja2.parser import Parser
from markupsafe import Markup, escape

from portal.web.core_words import NO_NAMES, core_element, core_text
from portal.web.language import LANGUAGES, translations
from portal.web.moments import day_element, moment_element
from portal.web.visitor import Visitor

_TRANSLATE = "translate"
"""The environment's own name of what translates a text when a template is compiled."""
_PART_ENDS = re.compile(r"([@._/]+)(?=\w)")
TEMPLATES = Path(__file__).resolve().parent / "templates"


@dataclass(frozen=True, slots=True)
class FormToken:
    """The token of a page's forms, made when a form is drawn: a page without one sets no cookie."""

    make: Callable[[], bytes]

    def __html__(self) -> str:
        return str(escape(str(self)))

    def __str__(self) -> str:
        return self.make().decode("ascii")


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a page's own content."""

    institution: str
    site_name: str
    prefix: str
    language: str
    visitor: Visitor
    path: str
    """This page's path and query, without the language."""
    sign_in: str
    """Address of the sign-in; empty where nobody can sign in."""
    sign_out: str
    jupyter: str
    """Address where Jupyter is started; empty without a hub."""
    xsrf_token: FormToken
    stylesheets: tuple[str, ...]
    scripts: tuple[str, ...]
    languages: tuple[tuple[str, str], ...] = tuple(LANGUAGES.items())


class _CompiledTexts(InternationalizationExtension):
    """`{% trans %}`, whose texts without values are translated once, when a template is compiled: each language has an environment of its own."""

    def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
        """Return what stands for the tag."""
        node = super().parse(parser)
        match node:
            case nodes.Output(nodes=[nodes.Call(node=nodes.Name(name="gettext"), args=[nodes.Const(value=str(text))], kwargs=[])]):
                translate = cast("Callable[[str], str]", self.environment.globals[_TRANSLATE])
                return nodes.Output([nodes.TemplateData(translate(text) % {})], lineno=node.lineno)  # percent signs are doubled in texts
        return node


@cache
def _environment(language: str, timezone: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        extensions=[_CompiledTexts],
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]  # the extension adds it
    environment.globals[_TRANSLATE] = translations(language).gettext
    environment.filters["moment"] = lambda value: moment_element(value, language=language, timezone=timezone)
    environment.filters["day"] = lambda value: day_element(value, language=language, timezone=timezone)
    environment.filters["core"] = lambda sentence, titles=NO_NAMES: core_element(sentence, language, titles)
    environment.filters["core_text"] = lambda sentence, titles=NO_NAMES: core_text(sentence, language, titles)
    environment.filters["percent"] = percent
    environment.filters["breakable"] = breakable
    environment.filters["points"] = lambda value: "—" if value is None else f"{value:g}"
    return environment


def compile_templates(folder: str, timezone: str) -> None:
    """Compile what is in a folder of templates, in each language: the first visitor would wait for it."""
    for language in LANGUAGES:
        environment = _environment(language, timezone)
        for name in environment.list_templates(filter_func=lambda each: each.startswith(folder)):
            environment.get_template(name)
        environment.get_template("page.html")


def percent(share: float | None) -> str:
    """Return a share as a percentage, never rounded up to a mark that was not reached; an em dash for None."""
    if share is None:
        return "—"
    hundredths = int(share * 10_000 + 1e-9)
    return f"{hundredths / 100:g}\u00a0%"


def breakable(name: str) -> Markup:
    """Return an address, a file's or a cell's name as HTML that breaks where its parts end, not within a word."""
    return Markup(_PART_ENDS.sub("\\1<wbr>", str(escape(name))))  # noqa: S704 -- escaped above


def render(template: str, page: object, frame: Frame, *, timezone: str) -> str:
    """Return a page as HTML.

    Args:
        page: what the template shows, as `page`.
        timezone: of the institution.
    """
    context: dict[str, Any] = {"page": page, "frame": frame}
    return _environment(frame.language, timezone).get_template(template).render(context)
