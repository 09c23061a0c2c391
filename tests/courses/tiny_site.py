"""A site with one tiny course, `tiny-course`: its manifest as text that tests change, and its one notebook."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat

from courses.catalogue import Course, load_course
from courses.errors import ManifestError
from courses.manifest import CourseManifest
from courses.settings import Site, load_site
from courses.typed_toml import parse_typed
from tests.courses.bad_courses import good_course
from tests.small_course import source_notebook

SETTINGS = """
name = "Test site"
url = "https://badges.uni.example"

[issuer]
name = "Example State University"
country = "PH"
url = "https://uni.example"
email = "registrar@uni.example"
"""

_DIFFERENT = {
    '"good-course"': '"tiny-course"',
    '"G 1"': '"T 1"',
    '["en", "fil"]': '["en"]',
    "overall = 0.5,": "overall = 0.75,",
    "test_total": "test_found",
}


def _manifest() -> str:
    """Return the good course's manifest, of another course in one language with another test and a higher mark."""
    text = re.sub(r', fil = "[^"]*"', "", good_course.MANIFEST)
    for good, tiny in _DIFFERENT.items():
        assert text.count(good) == 1, good
        text = text.replace(good, tiny)
    return text


MANIFEST = _manifest()


def parse_manifest(text: str = MANIFEST) -> CourseManifest:
    """Return manifest `text` as a manifest."""
    return parse_typed(text, CourseManifest, ManifestError, where="course.toml")


def changed(old: str, new: str) -> str:
    """Return the manifest's text with `old`, which stands there once, replaced."""
    assert MANIFEST.count(old) == 1, f"{old!r} stands there {MANIFEST.count(old)} times"
    return MANIFEST.replace(old, new)


def make_tiny_site(root: Path, *, manifest: str = MANIFEST) -> Site:
    """Make the site in `root`."""
    (root / "patunay.toml").write_text(SETTINGS, encoding="utf-8")
    folder = root / "source_notebooks" / "tiny-course"
    (folder / "ps1").mkdir(parents=True)
    (folder / "course.toml").write_text(manifest, encoding="utf-8")
    (folder / "ps1" / "p1.ipynb").write_text(nbformat.writes(source_notebook()), encoding="utf-8")
    (folder / "ps1" / "data.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    return load_site(root)


def load_tiny_course(site: Site) -> Course:
    """Return the site's one course."""
    return load_course(site.courses, "tiny-course")
