"""Reads `course.toml`, and writes the JSON Schema that editors check it with."""

from __future__ import annotations

import json
from pathlib import Path

from courses.errors import ManifestError
from courses.manifest import CourseManifest
from courses.typed_toml import load_typed

FILE_NAME = "course.toml"


def load_manifest(course_directory: Path) -> CourseManifest:
    """Return the manifest of the course in `course_directory`.

    Raises:
        ManifestError: there is none, it does not fit, or its id is not the folder's name.
    """
    path = course_directory / FILE_NAME
    manifest = load_typed(path, CourseManifest, ManifestError)
    if manifest.id != course_directory.name:
        raise ManifestError(
            f"id is {manifest.id!r}, but the folder is called {course_directory.name!r}",
            where=str(path),
            remedy="Give both the same name: the id is what commands and addresses use.",
        )
    return manifest


def load_frozen_manifest(course_directory: Path) -> CourseManifest:
    """Return a manifest that was frozen at a release, possibly by an older version of Patunay: keys that are no longer known are left out.

    Raises:
        ManifestError: there is none, or it lacks what is needed today.
    """
    return load_typed(course_directory / FILE_NAME, CourseManifest, ManifestError, tolerant=True)


def manifest_schema() -> str:
    """Return the JSON Schema (draft 2020-12) of `course.toml` as text."""
    schema = CourseManifest.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Patunay course manifest"
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
