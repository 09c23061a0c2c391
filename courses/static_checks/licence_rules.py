"""Q18: where the data of an assignment come from, and whether they may be given to learners."""

from __future__ import annotations

from collections.abc import Iterator

from courses.catalogue import Course
from courses.findings import Finding
from courses.static_checks.places import assignment_spot

_DATA = frozenset(
    (".csv", ".tsv", ".json", ".xlsx", ".xls", ".parquet", ".feather", ".txt", ".dat", ".npy", ".npz", ".sqlite", ".db", ".xml", ".geojson", ".png", ".jpg",
     ".jpeg", ".gif", ".svg", ".wav", ".mp3")
)  # fmt: skip
_EXPLAINED = ("data", "readme", "licen", "source", "credit", "attribution", "requirements")


def check_licences(course: Course) -> Iterator[Finding]:
    """Yield a warning for each assignment with data files of which nothing beside them says whose they are."""
    for assignment in course.notebooks:
        folder = course.folder / assignment
        names = sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
        told = [
            name
            for name in names
            if name.lower().startswith(_EXPLAINED) and name.lower().endswith((".md", ".txt", ".rst", "licence", "license"))
        ]
        data = [name for name in names if name not in told and any(name.lower().endswith(each) for each in _DATA)]
        if data and not told:
            yield assignment_spot(course, assignment, data[0]).warning(
                "Q18",
                f"nothing says where {', '.join(data[:3])}{' and others' if len(data) > 3 else ''} comes from, and under which licence",
                "Write it into a file DATA.md beside it: source, licence, what was changed.",
            )
