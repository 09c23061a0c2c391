"""My record, to print or to show to others for a while; and the signed record of all badges (CLR)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tornado.web import HTTPError, authenticated

from portal.exporting import export_record
from portal.learner_record import DAYS, Link, Transcript, end_link, learner_of_link, links_of, make_link, transcript_of
from portal.web.learner.learner_handler import LearnerHandler
from portal.web.page_handler import PageHandler


@dataclass(frozen=True, slots=True)
class RecordPage:
    """A record."""

    title: str
    transcript: Transcript
    made_at: datetime
    is_own: bool
    """Whether the learner looks at it, not somebody with a link."""
    links: tuple[tuple[str, Link], ...]
    """Address and link."""
    days: tuple[int, ...]
    done: str


class RecordHandler(LearnerHandler):
    """My record."""

    @authenticated
    async def get(self) -> None:
        """Show it."""
        site, now, visitor = self.portal.site, self.portal.now(), self.require()
        transcript = await self.compute(transcript_of, site, visitor.name, visitor.learns, self.language, now=now)
        links = await self.compute(links_of, site, visitor.name, now=now)
        addresses = tuple((self.link("record", each.token), each) for each in links)
        self.show("learner/record.html", RecordPage(self.gettext("My record"), transcript, now, True, addresses, DAYS, self.done))

    @authenticated
    async def post(self) -> None:
        """Make a link, or take one back."""
        site, now = self.portal.site, self.portal.now()
        if token := self.get_body_argument("end", ""):
            if not await self.compute(end_link, site, self.learner, token, now=now):
                raise HTTPError(404)
            self.see("my", "record", result="ended")
            return
        days = self.get_body_argument("days")
        if not days.isdecimal() or int(days[:4]) not in DAYS:
            raise HTTPError(400)
        await self.compute(make_link, site, self.learner, int(days), now=now)
        self.see("my", "record", result="made")


class RecordFileHandler(LearnerHandler):
    """The signed record."""

    @authenticated
    async def post(self) -> None:
        """Sign it anew, and send it."""
        made = await self.compute(export_record, self.portal.site, self.learner, (), by=self.learner, now=self.portal.now())
        self.send_file(made.name, made.content, "application/json")


class SharedRecordHandler(PageHandler):
    """Somebody's record, for who has a link."""

    async def get(self, token: str) -> None:
        """Show it while the link works."""
        site, now = self.portal.site, self.portal.now()
        learner = await self.compute(learner_of_link, site, token, now=now)
        if learner is None:
            raise HTTPError(404)
        transcript = await self.compute(transcript_of, site, learner, frozenset(), self.language, now=now)
        self.set_header("X-Robots-Tag", "noindex")
        title = self.gettext("Record of %(name)s") % {"name": transcript.name}
        self.show("learner/record.html", RecordPage(title, transcript, now, False, (), (), ""))
