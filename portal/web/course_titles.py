"""The titles and outcomes of a course in the language of a page, for sentences of the core, which name them in English. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from courses.manifest import CourseManifest


def titles_in(manifest: CourseManifest, language: str) -> Mapping[str, str]:
    """Return the texts of a course's title, assessments and outcomes in a language, by the English ones; those that it has in that language."""
    texts = [manifest.title, *(each.title for each in manifest.assessments), *(each.text for each in manifest.outcomes)]
    return {text.en: told for text in texts if (told := text.in_language(language)) != text.en}
