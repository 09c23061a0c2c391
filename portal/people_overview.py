"""Who has which office, and where one person has two that keep each other in check. Read only: people and groups are the hub's. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

_OFFICE, _TEACHES, _LEARNS = "patunay-", "formgrade-", "nbgrader-"
Conflict = Literal["prepares and approves", "teaches and approves", "teaches and prepares", "learns and teaches"]


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One person who has an office or teaches."""

    name: str
    roles: tuple[str, ...]
    """`registrar`, `approver`, `quality`, `admin`."""
    teaches: tuple[str, ...]
    conflicts: tuple[tuple[Conflict, str], ...]
    """Each with the course that it is about, if it is about one."""


def people_lines(groups: Mapping[str, Sequence[str]]) -> tuple[PersonLine, ...]:
    """Return the people of the groups who do more than learn, by name.

    Args:
        groups: names of people by the hub's name of the group.
    """
    names = sorted({name for group, people in groups.items() if group.startswith((_OFFICE, _TEACHES)) for name in people})
    return tuple(_person(name, {group for group, people in groups.items() if name in people}) for name in names)


def _person(name: str, groups: set[str]) -> PersonLine:
    roles, teaches, learns = (_after(groups, prefix) for prefix in (_OFFICE, _TEACHES, _LEARNS))
    conflicts: list[tuple[Conflict, str]] = []
    if {"registrar", "approver"} <= set(roles):
        conflicts.append(("prepares and approves", ""))
    for course in teaches:
        if "approver" in roles:
            conflicts.append(("teaches and approves", course))
        if "registrar" in roles:
            conflicts.append(("teaches and prepares", course))
        if course in learns:
            conflicts.append(("learns and teaches", course))
    return PersonLine(name, roles, teaches, tuple(conflicts))


def _after(groups: set[str], prefix: str) -> tuple[str, ...]:
    return tuple(sorted(group.removeprefix(prefix) for group in groups if group.startswith(prefix)))
