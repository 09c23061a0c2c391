"""All translated texts of a manifest with their paths, found through its classes: a new field is read without being listed here."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from courses.manifest import CourseManifest, Translated
from courses.toml_lines import Path, Step


def translations_of(manifest: CourseManifest) -> Iterator[tuple[Path, Translated]]:
    """Yield every text that is there in the languages of the course."""
    for path, value in _values(manifest, ()):
        if isinstance(value, Translated):
            yield path, value


def _values(value: object, path: Path) -> Iterator[tuple[Path, object]]:
    """Yield every value within `value`, a table before what stands in it."""
    yield path, value
    if isinstance(value, BaseModel):
        inner: list[tuple[Step, object]] = [(name, getattr(value, name)) for name in type(value).model_fields]
    elif isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, tuple):
        inner = list(enumerate(value))
    else:
        return
    for step, each in inner:
        yield from _values(each, (*path, step))
