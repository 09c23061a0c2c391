"""The start page: what this is, the newest courses, and where to check a credential."""

from __future__ import annotations

from dataclasses import dataclass

from courses.catalogue import course_ids
from courses.release import find_release, load_released_manifest
from courses.settings import Site
from portal.web.page_handler import PageHandler

_NEWEST = 3


@dataclass(frozen=True, slots=True)
class CourseCard:
    """A course in a list."""

    id: str
    title: str
    summary: str
    hours: float
    levels: tuple[str, ...]
    released_on: str


@dataclass(frozen=True, slots=True)
class HomePage:
    """The start page."""

    title: str
    newest: tuple[CourseCard, ...]
    courses: int


def course_cards(site: Site, language: str) -> tuple[CourseCard, ...]:
    """Return the released courses, the newest first."""
    cards = []
    for name in course_ids(site.courses):
        release = find_release(site.course_root(name))
        if release is None:
            continue
        manifest = load_released_manifest(site.course_root(name))
        cards.append(
            CourseCard(
                id=name,
                title=manifest.title.in_language(language),
                summary=manifest.summary.in_language(language),
                hours=manifest.notional_hours.total,
                levels=tuple(f"{each.framework} {each.level}" for each in manifest.levels),
                released_on=release.released_at,
            )
        )
    return tuple(sorted(cards, key=lambda card: card.released_on, reverse=True))


def home_page(site: Site, language: str, title: str) -> HomePage:
    """Return the start page in a language."""
    cards = course_cards(site, language)
    return HomePage(title, cards[:_NEWEST], len(cards))


class HomeHandler(PageHandler):
    """The start page."""

    async def get(self) -> None:
        """Show it."""
        title = self.gettext("Micro-credentials that anyone can check")
        self.show("public/home.html", await self.compute(home_page, self.portal.site, self.language, title))
