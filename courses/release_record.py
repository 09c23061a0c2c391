"""The record of a release: its manifest and sources, file by file, and the environment it was made in, under one content hash.

`releases/<content hash>/release.json` is that record, and the content hash is the SHA-256 of its bytes: `sha256sum release.json` prints it. The record
names the SHA-256 of each file in `releases/<content hash>/<course>/`, so one number vouches for all of them. It holds no time and no names, so the same
sources in the same environment are the same release, whoever makes it. Older releases have no record: their hash is that of the folder alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from courses.catalogue import Course
from courses.content_hash import file_hashes, folder_sha256, hash_of_files
from courses.errors import ReleaseRefusedError
from courses.typed_toml import TypedTable

RECORD = "release.json"
_Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ReleaseRecord(TypedTable):
    """What `release.json` says."""

    form: Literal[1] = 1
    course: str
    version: str
    sources_sha256: _Hash
    """Over the course's folder; what reviewers approved. See `courses.content_hash`."""
    files: dict[str, _Hash]
    """The SHA-256 of each file, by its path in the course's folder."""
    environment: dict[str, str]
    """Versions by name: `python`, `patunay`, and the libraries that the course imports."""

    def text(self) -> str:
        """Return the record as it is written and hashed."""
        return json.dumps(self.model_dump(), indent=1, sort_keys=True, ensure_ascii=True) + "\n"

    @property
    def content_hash(self) -> str:
        """The release's name: the SHA-256 of the record's text in hexadecimal."""
        return hashlib.sha256(self.text().encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True)
class FrozenRelease:
    """A release that is kept, found to be what its hash says."""

    content_hash: str
    sources: Path
    record: ReleaseRecord | None
    """None for a release that was made without one."""


def describe_release(course: Course, environment: Mapping[str, str]) -> ReleaseRecord:
    """Return the record of what `course` is now.

    Raises:
        StorageError: its folder holds a link or a special file.
    """
    files = file_hashes(course.folder)
    return ReleaseRecord(
        course=course.id, version=course.manifest.version, sources_sha256=hash_of_files(files), files=files, environment=dict(environment)
    )


def kept_releases(course_root: Path) -> list[str]:
    """Return the content hashes of the releases that are kept in a course directory, sorted."""
    folder = course_root / "releases"
    return sorted(each.name for each in folder.iterdir() if _is_hash(each.name)) if folder.is_dir() else []


def load_frozen_release(course_root: Path, content_hash: str) -> FrozenRelease:
    """Return a release that is kept, after everything in it was found to be what was frozen.

    Raises:
        ReleaseRefusedError: there is none of that hash, or it was changed since.
    """
    folder = course_root / "releases" / content_hash
    if not _is_hash(content_hash) or not folder.is_dir():
        raise ReleaseRefusedError(
            f"there is no release {content_hash[:16]!r} of this course",
            where=str(course_root),
            remedy="Restore the site's folder from a backup.",
        )
    path = folder / RECORD
    record = _read_record(path.read_text(encoding="utf-8"), content_hash) if path.is_file() else None
    sources = folder / (record.course if record else _only_folder(folder))
    if record is None:
        if folder_sha256(sources) != content_hash:
            raise _changed(sources)
    elif (differing := _differing(file_hashes(sources), record.files)) is not None:
        raise _changed(sources / differing)
    return FrozenRelease(content_hash, sources, record)


def _read_record(text: str, content_hash: str) -> ReleaseRecord:
    if hashlib.sha256(text.encode("utf-8")).hexdigest() != content_hash:
        raise _changed(Path(RECORD))
    try:
        return TypeAdapter(ReleaseRecord).validate_json(text)
    except ValidationError as misfit:
        raise ReleaseRefusedError(
            "the record of this release is of another form", remedy="Use the version of Patunay that made it."
        ) from misfit


def _differing(found: dict[str, str], told: dict[str, str]) -> str | None:
    """Return the first path that is not as it was told, None if all are."""
    return next((name for name in sorted({*found, *told}) if found.get(name) != told.get(name)), None)


def _only_folder(folder: Path) -> str:
    """Return the course's folder in a release without a record: the one with a manifest."""
    return next((each.parent.name for each in folder.glob("*/course.toml")), "")


def _changed(where: Path) -> ReleaseRefusedError:
    return ReleaseRefusedError(
        "the frozen sources are not what was released", where=str(where), remedy="Restore the release's folder from a backup."
    )


def _is_hash(name: str) -> bool:
    return len(name) == 64 and all(character in "0123456789abcdef" for character in name)
