"""What the office's handlers share: who acts, which forms are complete, which courses exist, and files to take along."""

from __future__ import annotations

from collections.abc import Sequence

from tornado.web import HTTPError

from courses.names import COURSE_ID
from courses.release import find_release
from portal.web.listing import Asked, asked_for
from portal.web.page_handler import PageHandler
from portal.web.tables import MIME_TYPES, Table, table_as
from portal.web.visitor import Role

EVERYBODY = (Role.REGISTRAR, Role.APPROVER, Role.QUALITY, Role.ADMIN)
AWARDING = (Role.REGISTRAR, Role.APPROVER)
"""Who sees what is awarded to whom."""


class OfficeHandler(PageHandler):
    """A page of the office."""

    def asked(self) -> Asked:
        """Return which part of a long table the address asks for."""
        return asked_for(lambda name, default: self.get_query_argument(name, default))

    def released(self, course: str) -> str:
        """Return the name of a released course.

        Raises:
            HTTPError: 404: there is none of that name.
        """
        if not COURSE_ID.fullmatch(course) or find_release(self.portal.site.course_root(course)) is None:
            raise HTTPError(404)
        return course

    def told(self, name: str, *, longest: int = 2000) -> str:
        """Return a field of the form that has to be filled in.

        Raises:
            HTTPError: 400: it is empty, or longer than a person writes.
        """
        text = self.get_body_argument(name, "").strip()
        if not text or len(text) > longest:
            raise HTTPError(400)
        return text

    def done(self, *parts: str, what: str) -> None:
        """Go on to a page of the office that says what was done."""
        self.redirect(f"{self.portal.address('office', *parts)}?done={what}", status=303)

    async def send_table(self, table: Table, name: str, form: str) -> None:
        """Answer with a table as a file.

        Raises:
            HTTPError: 404: there is no such form.
        """
        if form not in MIME_TYPES:
            raise HTTPError(404)
        self.send_file(await self.compute(table_as, table, form), f"{name}.{form}", MIME_TYPES[form])

    def send_file(self, content: bytes, name: str, mime_type: str, *, inline: bool = False) -> None:
        """Answer with a file; `name` is ours, in ASCII."""
        self.set_header("Content-Type", mime_type)
        self.set_header("Content-Disposition", f'{"inline" if inline else "attachment"}; filename="{name}"')
        self.finish(content)


def chosen(value: str, choices: Sequence[str]) -> str:
    """Return a value that a form may have.

    Raises:
        HTTPError: 400: it may not.
    """
    if value not in choices:
        raise HTTPError(400)
    return value
