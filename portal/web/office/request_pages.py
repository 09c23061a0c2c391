"""What learners ask the office for, oldest first, and the answer that they read."""

from __future__ import annotations

from dataclasses import dataclass

from tornado.web import HTTPError, authenticated

from courses.settings import Site
from issuer.errors import DecisionError
from portal.request_answers import answer_request, load_request
from portal.requests import Request, requests_of
from portal.web.listing import Asked, Listing, paged, selected
from portal.web.office.office_handler import AWARDING, OfficeHandler, chosen


@dataclass(frozen=True, slots=True)
class RequestsPage:
    """The list."""

    title: str
    lines: Listing[Request]
    is_open: bool


@dataclass(frozen=True, slots=True)
class RequestPage:
    """One request."""

    title: str
    request: Request
    number: str
    """Of the credential that it is about; empty if it is about none."""
    is_own: bool
    done: str


def requests_page(site: Site, asked: Asked, *, only_open: bool, title: str) -> RequestsPage:
    """Return the list: what waits oldest first, what is answered newest first."""
    found = list(requests_of(site, only_open=only_open))
    if not only_open:
        found = [each for each in reversed(found) if each.state != "open"]
    lines = selected(
        found,
        asked,
        words=lambda each: f"{each.id} {each.learner} {each.wish.course} {each.wish.text}",
        kind=lambda each: each.wish.kind,
        columns={},
    )
    return RequestsPage(title, paged(lines, asked, of=len(found)), only_open)


class RequestsHandler(OfficeHandler):
    """The list."""

    @authenticated
    async def get(self) -> None:
        """Show it."""
        self.require(*AWARDING)
        only_open, title = not self.get_query_argument("all", ""), self.gettext("Requests")
        self.show(
            "office/requests.html", await self.compute(requests_page, self.portal.site, self.asked(), only_open=only_open, title=title)
        )


class RequestHandler(OfficeHandler):
    """One request."""

    @authenticated
    async def get(self, name: str) -> None:
        """Show it, with the form for the answer."""
        visitor = self.require(*AWARDING)
        try:
            request = await self.compute(load_request, self.portal.site, name)
        except DecisionError as none:
            raise HTTPError(404) from none
        number = request.wish.credential.removeprefix("urn:uuid:")
        done = self.get_query_argument("done", "")
        self.show("office/request.html", RequestPage(self.gettext("Request"), request, number, request.learner == visitor.name, done))

    @authenticated
    async def post(self, name: str) -> None:
        """Answer it, in the visitor's name."""
        visitor = self.require(*AWARDING)
        is_done = chosen(self.get_body_argument("answer", ""), ("done", "refused")) == "done"
        answered = await self.compute(
            answer_request,
            self.portal.site,
            name,
            done=is_done,
            by=visitor.name,
            text=self.told("text", longest=4000),
            now=self.portal.now(),
            erasing=self.get_body_argument("erase", "") == "yes",
        )
        self.done(
            "requests", answered.request.id, what="correction" if answered.correction else "erased" if answered.erased else "answered"
        )
