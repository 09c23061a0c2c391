"""My data: what I agreed to, who did what with what is held of me, all of it as a file, and the way to have it erased."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass

from tornado.web import HTTPError, authenticated

from portal.claiming import Choices, GivenConsent, claim, consents_of, tell_name
from portal.learner_data import LogLine, log_about, write_data
from portal.learner_work import courses_of
from portal.web.learner.learner_handler import LearnerHandler

_CHUNK = 2**20
_MOST_LINES = 200


@dataclass(frozen=True, slots=True)
class DataPage:
    """What is held."""

    title: str
    consents: tuple[GivenConsent, ...]
    """The newest of each kind, course and credential that is given."""
    log: tuple[LogLine, ...]
    done: str
    titles: Mapping[str, str]
    """Of courses, by their ids."""


def standing_consents(given: tuple[GivenConsent, ...]) -> tuple[GivenConsent, ...]:
    """Return the answers that count now, of those that can be taken back."""
    newest = {(each.course, each.credential, each.kind): each for each in given}
    return tuple(each for each in newest.values() if each.given and each.kind != "claim")


class DataHandler(LearnerHandler):
    """My data."""

    @authenticated
    async def get(self) -> None:
        """Show it."""
        site = self.portal.site
        consents = standing_consents(await self.compute(consents_of, site, self.learner))
        log = await self.compute(log_about, site, self.learner)
        titles = await self.course_titles()
        self.show("learner/data.html", DataPage(self.gettext("My data"), consents, log[:_MOST_LINES], self.done, titles))

    @authenticated
    async def post(self) -> None:
        """Take a consent back."""
        site, now = self.portal.site, self.portal.now()
        kind, course, credential = (self.get_body_argument(name, "") for name in ("kind", "course", "credential"))
        given = standing_consents(await self.compute(consents_of, site, self.learner))
        if not any((each.kind, each.course, each.credential) == (kind, course, credential) for each in given):
            raise HTTPError(404)
        if kind == "name":
            await self.compute(tell_name, site, self.learner, course, show=False, language=self.language, now=now)
        else:
            left = {each.kind for each in given if each.credential == credential} - {kind}
            has_page = kind != "page" and "page" in left
            choices = Choices(has_page, has_page and "grade" in left, has_page and "evidence" in left, has_page and "file" in left)
            await self.compute(claim, site, self.learner, credential, choices, language=self.language, now=now)
        self.see("my", "data", result="withdrawn")


class DataFileHandler(LearnerHandler):
    """All that is held, as a zip."""

    @authenticated
    async def get(self) -> None:
        """Send it, some of it at a time."""
        site, visitor = self.portal.site, self.require()
        courses = await self.compute(courses_of, site, visitor.name, visitor.learns)
        with tempfile.TemporaryFile() as packed:
            await self.compute(write_data, site, visitor.name, courses, packed)
            packed.seek(0)
            self.set_header("Content-Type", "application/zip")
            self.set_header("Content-Disposition", 'attachment; filename="my-data.zip"')
            while chunk := await self.compute(packed.read, _CHUNK):
                self.write(chunk)
                await self.flush()
        self.finish()
