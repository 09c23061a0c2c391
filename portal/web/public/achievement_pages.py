"""The addresses that credentials point to: a course version as an achievement, its outcomes, its picture. For people as pages, for machines as JSON-LD.

They say what the frozen version says, for every version that was ever released.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tornado.web import HTTPError

from courses.settings import Site
from issuer.achievement import build_achievement
from issuer.context_documents import CREDENTIALS_V2, OPEN_BADGES_3
from portal.web.negotiation import answer_public_file, chosen_type, prefers_json
from portal.web.page_handler import PageHandler
from portal.web.public.course_facts import CourseFacts, OutcomeFact, course_facts
from portal.web.public.course_words import Gettext
from portal.web.public.versions import ReleasedVersion, find_released

_FROZEN_S = 86_400
"""Seconds for which caches may keep what is frozen; not for ever, so that a corrected site comes through."""
_PICTURES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".svg": "image/svg+xml", ".webp": "image/webp"}
_LARGEST_PICTURE = 4 * 2**20
_JSON_TYPES = ("application/ld+json", "application/json")


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that the achievement says in a credential, under an address of its own."""

    anchor: str
    name: str
    kind: str
    framework: str
    code: str
    url: str


@dataclass(frozen=True, slots=True)
class AchievementPage:
    """A course version as an achievement."""

    title: str
    facts: CourseFacts
    address: str
    """What credentials name it by."""
    is_current: bool
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class OutcomePage:
    """One learning outcome of a course version."""

    title: str
    facts: CourseFacts
    outcome: OutcomeFact
    address: str
    achievement: str


def find_version(site: Site, course: str, version: str) -> ReleasedVersion | None:
    """Return a version of a course that was released, None if there is none."""
    found = find_released(site, course)
    return found.find_version(version) if found is not None else None


def achievement_document(site: Site, released: ReleasedVersion) -> dict[str, Any]:
    """Return the achievement as JSON-LD: what stands in every credential of the version."""
    return {"@context": [CREDENTIALS_V2, OPEN_BADGES_3], **build_achievement(released.manifest, site.published())}


def achievement_page(site: Site, released: ReleasedVersion, language: str, gettext: Gettext) -> AchievementPage:
    """Return the page of a course version."""
    document = achievement_document(site, released)
    facts = course_facts(released.manifest, language, gettext)
    said = [*document["alignment"], *document.get("resultDescription", [])]
    return AchievementPage(facts.title, facts, document["id"], released.is_current, tuple(_statement(each) for each in said))


def outcome_page(site: Site, released: ReleasedVersion, outcome: str, language: str, gettext: Gettext) -> OutcomePage | None:
    """Return the page of an outcome, None if the version has no such outcome."""
    facts = course_facts(released.manifest, language, gettext)
    achievement = site.published("achievements", facts.id, facts.version)
    for each in facts.outcomes:
        if each.id == outcome:
            return OutcomePage(each.text, facts, each, f"{achievement}/outcomes/{outcome}", achievement)
    return None


def _statement(node: dict[str, Any]) -> Statement:
    """Return an Alignment or a ResultDescription as a line of a table."""
    return Statement(
        anchor=str(node["id"]).partition("#")[2],
        name=str(node.get("targetName") or node.get("name", "")),
        kind=str(node.get("targetType") or node.get("resultType", "")).removeprefix("ext:"),
        framework=str(node.get("targetFramework", "")),
        code=str(node.get("targetCode", "")),
        url=str(node.get("targetUrl", "")),
    )


class VersionHandler(PageHandler):
    """What the pages of a version share."""

    async def released(self, course: str, version: str) -> ReleasedVersion:
        """Return the version.

        Raises:
            HTTPError: 404: it was never released.
        """
        found = await self.compute(find_version, self.portal.site, course, version)
        if found is None:
            raise HTTPError(404)
        return found

    def answer_json(self, document: dict[str, Any]) -> None:
        """Answer with JSON-LD."""
        kind = chosen_type(self.request.headers.get("Accept", ""), _JSON_TYPES)
        answer_public_file(self, json.dumps(document, ensure_ascii=False, indent=2).encode("utf-8"), kind, max_age_s=_FROZEN_S)

    @property
    def wants_json(self) -> bool:
        """Whether a machine asks."""
        return prefers_json(self.request.headers.get("Accept", ""))


class AchievementHandler(VersionHandler):
    """A course version as an achievement: the `id` that credentials name it by."""

    async def get(self, course: str, version: str) -> None:
        """Show it, or answer with the Open Badges achievement."""
        released = await self.released(course, version)
        if self.wants_json:
            self.answer_json(achievement_document(self.portal.site, released))
            return
        page = await self.compute(achievement_page, self.portal.site, released, self.language, self.gettext)
        self.show("public/achievement.html", page)


class OutcomeHandler(VersionHandler):
    """An outcome: the `targetUrl` of an alignment."""

    async def get(self, course: str, version: str, outcome: str) -> None:
        """Show it, or answer with the alignment."""
        released = await self.released(course, version)
        page = await self.compute(outcome_page, self.portal.site, released, outcome, self.language, self.gettext)
        if page is None:
            raise HTTPError(404)
        if self.wants_json:
            said = achievement_document(self.portal.site, released)
            [alignment] = [each for each in said["alignment"] if each["targetUrl"] == page.address]
            self.answer_json({"@context": said["@context"], **alignment})
            return
        self.show("public/outcome.html", page)


class PictureHandler(VersionHandler):
    """The picture of an achievement."""

    async def get(self, course: str, version: str, name: str) -> None:
        """Send it."""
        released = await self.released(course, version)
        image = released.manifest.image
        path = released.sources / image.path if image is not None else None
        kind = _PICTURES.get(Path(name).suffix.lower())
        if path is None or path.name != name or kind is None:
            raise HTTPError(404)
        answer_public_file(self, await self.compute(_picture, released.sources, path), kind, max_age_s=_FROZEN_S)


def _picture(sources: Path, path: Path) -> bytes:
    """Return a picture that lies in the frozen sources.

    Raises:
        HTTPError: 404: there is none, it lies elsewhere, or it is too large.
    """
    inside = os.path.realpath(path)
    if not inside.startswith(os.path.realpath(sources) + os.sep):
        raise HTTPError(404)
    try:
        with open(inside, "rb") as file:
            content = file.read(_LARGEST_PICTURE + 1)
    except OSError as unreadable:
        raise HTTPError(404) from unreadable
    if len(content) > _LARGEST_PICTURE:
        raise HTTPError(404)
    return content
