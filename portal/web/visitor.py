"""Who looks at a page, and what they may do there. Pure.

What somebody may do follows from groups of the hub, which its administrators keep: `nbgrader-COURSE` learns, `formgrade-COURSE` teaches, `patunay-registrar`
prepares and issues, `patunay-approver` approves, `patunay-quality` reviews courses, `patunay-admin` does what administrators of the site do.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

_LEARNS, _TEACHES, _OFFICE = "nbgrader-", "formgrade-", "patunay-"


class Role(Enum):
    """What somebody does for the institution, beyond one course."""

    REGISTRAR = "registrar"
    APPROVER = "approver"
    QUALITY = "quality"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Visitor:
    """One person, or nobody in particular."""

    name: str = ""
    """As the hub and nbgrader know them; empty if nobody is signed in."""
    learns: frozenset[str] = frozenset()
    """Courses."""
    teaches: frozenset[str] = frozenset()
    roles: frozenset[Role] = frozenset()

    @property
    def is_signed_in(self) -> bool:
        """Whether we know who it is."""
        return bool(self.name)

    @property
    def is_staff(self) -> bool:
        """Whether they have an office, beyond learning and teaching."""
        return bool(self.roles)

    @property
    def first_page(self) -> str:
        """The page that is theirs, relative to the portal's prefix: of what they learn, else teach, else work on."""
        if self.learns:
            return "my"
        return "teach" if self.teaches else "office" if self.is_staff else "my"

    def may(self, *roles: Role) -> bool:
        """Whether they have one of these roles; an administrator of the site has none of the others by that alone."""
        return bool(self.roles & frozenset(roles))


NOBODY = Visitor()


def visitor_of(name: str, groups: Collection[str], *, is_admin: bool = False) -> Visitor:
    """Return the person of that name with what their groups allow; groups that mean nothing to us are passed over."""
    known = {role.value: role for role in Role}
    offices = {known[group.removeprefix(_OFFICE)] for group in groups if group.startswith(_OFFICE) and group.removeprefix(_OFFICE) in known}
    if is_admin:
        offices.add(Role.ADMIN)
    return Visitor(name, _courses(groups, _LEARNS), _courses(groups, _TEACHES), frozenset(offices))


def _courses(groups: Collection[str], prefix: str) -> frozenset[str]:
    return frozenset(group.removeprefix(prefix) for group in groups if group.startswith(prefix) and group != prefix)
