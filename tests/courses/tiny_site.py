"""A site with one tiny course, `tiny-course`: its manifest as text that tests change, and its one notebook."""

from __future__ import annotations

from pathlib import Path

import nbformat

from courses.catalogue import Course, load_course
from courses.errors import ManifestError
from courses.manifest import CourseManifest
from courses.settings import Site, load_site
from courses.typed_toml import parse_typed
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

MANIFEST = """
id = "tiny-course"
version = "1.0.0"
code = "T 1"
type = "non-credit"
languages = ["en"]
licence = "CC-BY-4.0"
not_levelled = "It is an example."
evidence_of_need = "A survey of employers."
title = { en = "Squares" }
summary = { en = "Square a number." }
prerequisites = { en = "None." }
awarding_body = { name = "Example State University", country = "PH", url = "https://uni.example" }
authors = [{ name = "M. Reyes", role = "author" }]
participation = { mode = "online", pacing = "self-paced" }
technology = { device = "any computer", bandwidth = "1 Mbit/s" }
pass_rule = { overall = 0.75, per_outcome = 0.5, mandatory = ["ps1"] }
supervision = "none"
identity_assurance = "account"
integrity = { ai = "Your own work.", collaboration = "Discuss, do not share." }
change_log = [{ version = "1.0.0", date = 2026-01-10, kind = "outcome", text = "First version." }]
stackability = { standalone = true }
validity = "P3Y"
renewal = "Submit the current version again."
rpl = "none"
contact = { email = "help@uni.example", appeals_days = 14 }
evidence_policy = "Kept for five years."
privacy_notice = "https://uni.example/privacy"

[[outcomes]]
id = "squares"
text = { en = "Compute squares." }
bloom = "apply"

[notional_hours]
total = 2.0
modules = { ps1 = 2.0 }

[qa]
scheme = "Peer review"
body = "Quality office"
statement_url = "https://uni.example/quality"
reviewed_by = "A. Santos"
reviewed_on = 2026-10-05
review_by = 2027-10-05

[[assessments]]
id = "ps1"
title = { en = "First" }
weight = 100
type = "performance"
items = [
  { cell = "test_square", outcomes = ["squares"] },
  { cell = "test_found", outcomes = ["squares"] },
  { cell = "essay", outcomes = ["squares"] },
]
"""


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
