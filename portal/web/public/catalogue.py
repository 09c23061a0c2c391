"""The catalogue: every course that is open, filtered by what its manifest says. The filters are a plain form; the address can be shared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from courses.settings import Site
from portal.web.page_handler import PageHandler
from portal.web.public.course_words import Gettext, is_free, language_words, level_words, names_phones, participation_words
from portal.web.public.versions import ReleasedCourse, released_courses

HOURS = (5, 10, 20, 40)
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class CourseCard:
    """A course in a list."""

    id: str
    title: str
    summary: str
    hours: float
    levels: tuple[str, ...]
    languages: tuple[str, ...]
    participation: str
    fees: str
    """As the manifest says; empty if it does not."""
    is_free: bool


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is looked for; the empty one is everything."""

    words: str = ""
    level: str = ""
    hours: int = 0
    """At most; 0: any."""
    language: str = ""
    pacing: str = ""
    free: bool = False
    phone: bool = False

    @property
    def is_any(self) -> bool:
        """Whether nothing is asked for."""
        return self == Wishes()


@dataclass(frozen=True, slots=True)
class CataloguePage:
    """The catalogue."""

    title: str
    wishes: Wishes
    levels: tuple[str, ...]
    """To choose from: those that open courses have."""
    hours: tuple[int, ...]
    cards: tuple[CourseCard, ...]
    all_courses: int
    closed: tuple[CourseCard, ...]
    """Courses that take nobody any more."""


def course_card(course: ReleasedCourse, language: str, gettext: Gettext) -> CourseCard:
    """Return a course as a list shows it."""
    manifest = course.current.manifest
    return CourseCard(
        id=course.id,
        title=manifest.title.in_language(language),
        summary=manifest.summary.in_language(language),
        hours=manifest.notional_hours.total,
        levels=tuple(level_words(each) for each in manifest.levels),
        languages=tuple(language_words(each) for each in manifest.languages),
        participation=participation_words(manifest, gettext),
        fees=manifest.fees or "",
        is_free=is_free(manifest),
    )


def fits(course: ReleasedCourse, wishes: Wishes) -> bool:
    """Whether a course is what is looked for."""
    manifest = course.current.manifest
    texts = (manifest.title, manifest.summary, *(outcome.text for outcome in manifest.outcomes))
    told = " ".join([*(text.en for text in texts), *(text.fil or "" for text in texts), *manifest.tags, manifest.code]).casefold()
    return (
        all(word in told for word in wishes.words.casefold().split())
        and (not wishes.level or wishes.level in {level_words(each) for each in manifest.levels})
        and (not wishes.hours or manifest.notional_hours.total <= wishes.hours)
        and (not wishes.language or wishes.language in manifest.languages)
        and (not wishes.pacing or wishes.pacing == manifest.participation.pacing)
        and (not wishes.free or is_free(manifest))
        and (not wishes.phone or names_phones(manifest))
    )


def catalogue_page(site: Site, language: str, wishes: Wishes, gettext: Gettext) -> CataloguePage:
    """Return the catalogue."""
    courses = released_courses(site)
    opened = [course for course in courses if not course.is_closed]
    levels = {level_words(level) for course in opened for level in course.current.manifest.levels}

    def cards(chosen: Iterable[ReleasedCourse]) -> tuple[CourseCard, ...]:
        return tuple(course_card(course, language, gettext) for course in chosen)

    return CataloguePage(
        title=gettext("Courses"),
        wishes=wishes,
        levels=tuple(sorted(levels)),
        hours=HOURS,
        cards=cards(course for course in opened if fits(course, wishes)),
        all_courses=len(opened),
        closed=cards(course for course in courses if course.is_closed) if wishes.is_any else (),
    )


class CatalogueHandler(PageHandler):
    """The catalogue."""

    async def get(self) -> None:
        """Show it."""
        page = await self.compute(catalogue_page, self.portal.site, self.language, self._wishes(), self.gettext)
        self.show("public/catalogue.html", page)

    def _wishes(self) -> Wishes:
        hours = self.get_query_argument("hours", "")
        return Wishes(
            words=self.get_query_argument("words", "")[:_LONGEST],
            level=self.get_query_argument("level", "")[:_LONGEST],
            hours=int(hours) if hours in {str(each) for each in HOURS} else 0,
            language=self.get_query_argument("language", "")[:_LONGEST],
            pacing=self.get_query_argument("pacing", "")[:_LONGEST],
            free=self.get_query_argument("free", "") == "1",
            phone=self.get_query_argument("phone", "") == "1",
        )
