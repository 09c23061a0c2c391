"""Check your name: how the certificate would look, whether the name is shown, and the way to have it changed, all before anything is signed."""

from __future__ import annotations

from dataclasses import dataclass

from tornado.web import HTTPError, authenticated

from portal.certificate_preview import known_name, preview_certificate
from portal.claiming import TEXT_VERSION, tell_name, told_name
from portal.web.learner.learner_handler import LearnerHandler


@dataclass(frozen=True, slots=True)
class NamePage:
    """The name as it is known."""

    title: str
    course: str
    course_title: str
    name: str
    """Empty if none is known."""
    told: bool | None
    """Whether it shall be shown; None: not said yet."""
    text_version: str
    done: str


class NameHandler(LearnerHandler):
    """Check your name."""

    @authenticated
    async def get(self, course: str) -> None:
        """Show it."""
        found = await self.own_course(course)
        site = self.portal.site
        name = await self.compute(known_name, site, found.id, self.learner)
        told = await self.compute(told_name, site, self.learner, found.id)
        of = found.manifest.title.in_language(self.language)
        self.show("learner/name.html", NamePage(self.gettext("Check your name"), found.id, of, name, told, TEXT_VERSION, self.done))

    @authenticated
    async def post(self, course: str) -> None:
        """Write down whether it is shown."""
        found = await self.own_course(course)
        answer = self.get_body_argument("show")
        if answer not in {"yes", "no"}:
            raise HTTPError(400)
        await self.compute(
            tell_name, self.portal.site, self.learner, found.id, show=answer == "yes", language=self.language, now=self.portal.now()
        )
        self.see("my", found.id, "name", result="told")


class PreviewHandler(LearnerHandler):
    """The picture of the certificate."""

    @authenticated
    async def get(self, course: str) -> None:
        """Send it."""
        found = await self.own_course(course)
        site = self.portal.site
        with_name = self.get_query_argument("name", "yes") == "yes"
        name = await self.compute(known_name, site, found.id, self.learner) if with_name else ""
        picture = await self.compute(preview_certificate, site, found.id, name, language=self.tongue, now=self.portal.now())
        self.set_header("Content-Type", "image/png")
        self.finish(picture)
