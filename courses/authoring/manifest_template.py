"""The text of a new `course.toml`: comments that explain the fields, what is known already, and placeholders for the rest. Pure but for its template."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from courses.authoring.manifest_edits import Items, items_text, quoted
from courses.settings import Issuer

_TEMPLATE = Path(__file__).resolve().parent / "course.toml.txt"
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Planned:
    """An assessment as it is to stand in the manifest."""

    assignment: str
    title: str
    weight: float
    """Percent."""
    items: Items
    due: datetime | None = None
    """Aware; None: none."""


@dataclass(frozen=True, slots=True)
class PlannedCourse:
    """What is known of a new course."""

    id: str
    title: str | None
    outcomes: Sequence[tuple[str, str]]
    """Each with its id and what it is about; the text itself has to be written."""
    assessments: Sequence[Planned]


def manifest_text(course: PlannedCourse, issuer: Issuer, *, today: date) -> str:
    """Return the text of the course's manifest, which parses; what is not known is a placeholder that N60 finds."""
    values = {
        "id": quoted(course.id),
        "name": course.id,
        "title": quoted(course.title or f"TODO: {readable(course.id)}"),
        "issuer": quoted(issuer.name),
        "country": quoted(issuer.country),
        "issuer_url": quoted(issuer.url),
        "email": quoted(issuer.email),
        "today": today.isoformat(),
        "outcomes": "\n".join(_outcome(name, about, first=not number) for number, (name, about) in enumerate(course.outcomes)),
        "modules": ", ".join(f"{_key(each.assignment)} = 999.0" for each in course.assessments),
        "assessments": "\n".join(_assessment(each, first=not number) for number, each in enumerate(course.assessments)),
    }
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], _TEMPLATE.read_text(encoding="utf-8"))


def readable(name: str) -> str:
    """Return a folder's name as a title."""
    words = re.sub(r"[-_ ]+", " ", name).strip() or name
    return words[0].upper() + words[1:]


def _outcome(name: str, about: str, *, first: bool) -> str:
    hint = " # remember, understand, apply, analyse, evaluate, create" if first else ""
    return f'[[outcomes]]\nid = {quoted(name)}\ntext = {{ en = {quoted(f"TODO: {about}")} }}\nbloom = "apply"{hint}\n'


def _assessment(planned: Planned, *, first: bool) -> str:
    hint = " # performance, exam, artifact" if first else ""
    due = f"due = {planned.due.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z\n" if planned.due else ""
    head = f"[[assessments]]\nid = {quoted(planned.assignment)}\ntitle = {{ en = {quoted(planned.title)} }}\nweight = {float(planned.weight)!r}\n"
    return f'{head}type = "performance"{hint}\n{due}items = {items_text(planned.items)}\n'


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else quoted(name)
