"""The list of batches, newest first."""

from __future__ import annotations

from dataclasses import dataclass

from tornado.web import authenticated

from courses.settings import Site
from portal.batch_review import BatchFacts, batches_of
from portal.web.listing import Asked, Listing, paged, selected
from portal.web.office.courses import OfficeCourse, office_courses
from portal.web.office.office_handler import AWARDING, OfficeHandler


@dataclass(frozen=True, slots=True)
class BatchesPage:
    """The page."""

    title: str
    lines: Listing[BatchFacts]
    courses: tuple[OfficeCourse, ...]
    """Where a batch can be prepared."""


def batches_page(site: Site, asked: Asked, language: str, title: str) -> BatchesPage:
    """Return the batches that fit what is asked."""
    batches = batches_of(site)
    found = selected(
        batches,
        asked,
        words=lambda each: f"{each.id} {each.course} {each.prepared_by} {each.approved_by}",
        kind=lambda each: each.state,
        columns={"course": lambda each: each.course, "state": lambda each: each.state, "prepared": lambda each: each.prepared_at},
    )
    return BatchesPage(title, paged(found, asked, of=len(batches)), office_courses(site, language))


class BatchesHandler(OfficeHandler):
    """The batches."""

    @authenticated
    async def get(self) -> None:
        """Show them."""
        self.require(*AWARDING)
        title = self.gettext("Batches")
        self.show("office/batches.html", await self.compute(batches_page, self.portal.site, self.asked(), self.language, title))
