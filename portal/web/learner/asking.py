"""Asking people: a mistake, a second look, another spelling of one's name, erasure; and what they answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tornado.web import HTTPError, authenticated

from issuer.errors import DecisionError
from portal.learner_credentials import credentials_of_learner, find_own
from portal.learner_work import courses_of
from portal.requests import LONGEST_TEXT, Kind, Request, Wish, ask, requests_of
from portal.web.learner.learner_handler import LearnerHandler

KINDS: dict[str, Kind] = {"mistake": "mistake", "review": "review", "name": "name change", "erasure": "erasure"}
"""By the word in the address."""


@dataclass(frozen=True, slots=True)
class AskPage:
    """The form."""

    title: str
    kind: str
    course: str
    assignment: str
    credential: str
    name: str
    text: str
    longest: int
    problem: str
    about: str
    """The course, or the credential, that it is about, as its title; empty if it is about nothing in particular."""


@dataclass(frozen=True, slots=True)
class RequestsPage:
    """What was asked for."""

    title: str
    requests: tuple[Request, ...]
    done: str
    titles: Mapping[str, str]
    """Of courses and of the learner's credentials, by their ids."""


class AboutHandler(LearnerHandler):
    """A page that names what requests are about."""

    async def titles(self) -> Mapping[str, str]:
        """Return the titles of the visitor's courses and credentials by their ids."""
        held = await self.compute(credentials_of_learner, self.portal.site, self.learner, now=self.portal.now())
        return {**await self.course_titles(), **{name: each.title for each in held for name in (each.id, each.name)}}


class RequestsHandler(AboutHandler):
    """My requests."""

    @authenticated
    async def get(self) -> None:
        """Show them, the newest first."""
        found, titles = await self.compute(requests_of, self.portal.site, self.learner), await self.titles()
        self.show("learner/requests.html", RequestsPage(self.gettext("My requests"), found[::-1], self.done, titles))


class AskHandler(AboutHandler):
    """Ask for something."""

    @authenticated
    async def get(self) -> None:
        """Show the form."""
        await self._show(self.get_query_argument("kind", "mistake"), "")

    @authenticated
    async def post(self) -> None:
        """Write the request down."""
        kind = self.get_body_argument("kind")
        if kind not in KINDS:
            raise HTTPError(400)
        wish = Wish(
            kind=KINDS[kind],
            text=self.get_body_argument("text", ""),
            course=self.get_body_argument("course", ""),
            assignment=self.get_body_argument("assignment", ""),
            credential=self.get_body_argument("credential", ""),
            name=self.get_body_argument("name", ""),
        )
        if not await self.compute(self._is_about_own, self.learner, wish):
            raise HTTPError(404)
        try:
            await self.compute(ask, self.portal.site, self.learner, wish, now=self.portal.now())
        except DecisionError as refused:
            await self._show(kind, str(refused.problem), status=400)
            return
        self.see("my", "requests", result="asked")

    def _is_about_own(self, learner: str, wish: Wish) -> bool:
        """Whether what it is about is the learner's own; about nothing in particular is fine too."""
        site, enrolled = self.portal.site, self.visitor.learns
        if wish.credential and find_own(site, learner, wish.credential, now=self.portal.now()) is None:
            return False
        return not wish.course or wish.course in courses_of(site, learner, enrolled)

    async def _show(self, kind: str, problem: str, *, status: int = 200) -> None:
        if kind not in KINDS:
            raise HTTPError(404)
        titles = {
            "mistake": self.gettext("Report a mistake"),
            "review": self.gettext("Ask that a person looks again"),
            "name": self.gettext("Ask for a change of your name"),
            "erasure": self.gettext("Ask for erasure"),
        }
        about = {name: self.get_argument(name, "")[:LONGEST_TEXT] for name in ("course", "assignment", "credential", "name", "text")}
        names, key = await self.titles(), about["credential"] or about["course"]
        page = AskPage(title=titles[kind], kind=kind, **about, longest=LONGEST_TEXT, problem=problem, about=names.get(key, key))
        self.show("learner/ask.html", page, status=status)
