"""Signing in without a hub, for trying the portal out on one's own machine: who you are is chosen from a list, and nothing is proved.

Only where the portal listens on this machine alone (`patunay serve --try-out`, `patunay demo --serve`).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from tornado.web import HTTPError

from autograder.nbgrader_database import open_gradebook, students_of
from courses.errors import SettingsError
from courses.nbgrader_course import open_course
from courses.release import find_release
from courses.settings import Site
from portal.web.page_handler import TRY_OUT_COOKIE, PageHandler
from portal.web.portal_site import Person

_MOST_LEARNERS = 40
_ = str
"""Marks texts that the page translates when it is drawn."""


@dataclass(frozen=True, slots=True)
class TryOutPage:
    """The list to choose from."""

    title: str
    people: tuple[Person, ...]


def require_loopback(address: str) -> None:
    """Return if only this machine can reach `address`.

    Raises:
        SettingsError: others can.
    """
    try:
        is_own = address == "localhost" or ipaddress.ip_address(address).is_loopback
    except ValueError:
        is_own = False
    if not is_own:
        raise SettingsError(
            "whoever reaches this address could be anybody",
            where=f"patunay serve --try-out --address {address}",
            remedy="Try it out on 127.0.0.1; for other people start a hub: `patunay hub`.",
        )


def people_of(site: Site) -> tuple[Person, ...]:
    """Return whom one can be: one of each office, a teacher of every course, the first learners of the gradebooks."""
    courses = sorted(path.name for path in (site.root / site.settings.paths.work).glob("*") if path.is_dir() and find_release(path))
    learners: dict[str, list[str]] = {}
    for course in courses:
        with open_gradebook(open_course(site.course_root(course))) as gradebook:
            for student in students_of(gradebook):
                learners.setdefault(str(student[0]), []).append(f"nbgrader-{course}")
    return (
        Person("faculty", _("teaches every course"), tuple(f"formgrade-{course}" for course in courses)),
        Person("clerk", _("registrar's clerk: prepares and issues"), ("patunay-registrar",)),
        Person("registrar", _("university registrar: approves"), ("patunay-approver",)),
        Person("quality", _("quality office: reviews courses"), ("patunay-quality",)),
        Person("administrator", _("runs the site"), ("patunay-admin",)),
        *(Person(name, _("learner"), tuple(groups)) for name, groups in sorted(learners.items())[:_MOST_LEARNERS]),
    )


class TryOutHandler(PageHandler):
    """Choose who you are."""

    def get(self) -> None:
        """Show the list."""
        self._require_people()
        self.show("try_out.html", TryOutPage(self.gettext("Who are you today?"), self.portal.people))

    def post(self) -> None:
        """Be that person."""
        self._require_people()
        name = self.get_body_argument("name")
        if name not in {person.name for person in self.portal.people}:
            raise HTTPError(400)
        self.set_signed_cookie(TRY_OUT_COOKIE, name, expires_days=None, path=self.portal.prefix, httponly=True, samesite="Lax")
        self.redirect(self.portal.prefix + "my")

    def _require_people(self) -> None:
        if not self.portal.people:
            raise HTTPError(404)


class TryOutEndHandler(PageHandler):
    """Be nobody again."""

    def get(self) -> None:
        """Forget who was chosen."""
        self.clear_cookie(TRY_OUT_COOKIE, path=self.portal.prefix)
        self.redirect(self.portal.prefix)
