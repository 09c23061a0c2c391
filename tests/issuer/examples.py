"""One course, one issuer, one award: what the tests of the issuer start from. All values are fixed; the key is made from a public seed."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from courses.errors import ManifestError
from courses.manifest import CourseManifest
from courses.typed_toml import parse_typed
from issuer.credential import AssignmentEvidence, Award, IssuerProfile, OutcomeResult
from issuer.did import did_web
from issuer.keys import SigningKey, key_from_seed
from issuer.multibase import digest_multibase
from issuer.status_list import StatusEntry

BASE_URL = "https://badges.uni.example"
DID = did_web(BASE_URL)
STATUS_URL = f"{BASE_URL}/status/1.json"
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
EMAIL = "Juana.delaCruz@uni.example"

PROFILE = IssuerProfile(
    did=DID,
    name="Example State University",
    url="https://uni.example",
    email="registrar@uni.example",
    country="PH",
    region="Laguna",
    legal_name="Example State University System",
)

MANIFEST = """
id = "data-cleaning"
version = "1.2.0"
code = "DC 101"
type = "non-credit"
languages = ["en"]
licence = "CC BY 4.0"
tags = ["pandas", "data"]
previous_versions = ["https://badges.uni.example/achievements/data-cleaning/1.1.0"]
awarding_body = { name = "Example State University", country = "PH", url = "https://uni.example" }
authors = [{ name = "M. Reyes", role = "author" }]
levels = [
  { framework = "PQF", level = "5", url = "https://pqf.gov.example/5" },
  { framework = "EQF", level = "5", url = "https://europass.example/5" },
]
field = { isced_f = "0612", name = "Database and network design" }
credits = [{ system = "ECTS", points = 1.5 }]
participation = { mode = "online", pacing = "self-paced" }
technology = { device = "any computer", bandwidth = "1 Mbit/s" }
pass_rule = { overall = 0.75, per_outcome = 0.5, mandatory = ["ps1"] }
supervision = "none"
identity_assurance = "account"
integrity = { ai = "allowed for explaining, not for answers.", collaboration = "discuss, do not share." }
change_log = [{ version = "1.2.0", date = 2026-01-10, kind = "assessment", text = "A second problem set." }]
validity = "P3Y"
contact = { email = "help@uni.example", appeals_days = 14 }
evidence_policy = "Kept for five years."
privacy_notice = "https://uni.example/privacy"

[title]
en = "Cleaning data with pandas"

[summary]
en = "Load, clean and join tabular data in notebooks; what is x<y worth?"

[prerequisites]
en = "Basic Python: list<int> is no puzzle."

[notional_hours]
total = 30
modules = { one = 10, two = 20 }

[qa]
scheme = "Internal review"
body = "Office of Academic Affairs"
statement_url = "https://uni.example/qa"
reviewed_by = "A. Cruz"
reviewed_on = 2026-01-10
review_by = 2028-01-10

[stackability]
standalone = true
stacks_into = [{ award = "Certificate in Data", units = "1 unit", conditions = "with three others", decided_by = "College of Science" }]

[[outcomes]]
id = "LO1"
text = { en = "Detect and repair missing values" }
bloom = "apply"
skills = [{ framework = "ESCO", name = "perform data cleansing", url = "https://data.europa.eu/esco/skill/x" }]

[[outcomes]]
id = "LO2"
text = { en = "Join two tables on a key" }
bloom = "apply"
min_score = 0.6

[[assessments]]
id = "ps1"
title = { en = "Problem set 1" }
weight = 40
type = "performance"
items = [{ cell = "q1", outcomes = ["LO1"] }]

[[assessments]]
id = "project"
title = { en = "Project" }
weight = 60
type = "artifact"
items = [{ cell = "q1", outcomes = ["LO1", "LO2"] }]
"""


@cache
def example_manifest() -> CourseManifest:
    """A course with two outcomes and two assessments."""
    return parse_typed(MANIFEST, CourseManifest, ManifestError, where="the example")


def example_key(number: int = 1) -> SigningKey:
    """One of a few fixed keys."""
    return key_from_seed(bytes([number]) * 32)


def example_evidence(assignment: str, score: float) -> AssignmentEvidence:
    """A graded assignment."""
    return AssignmentEvidence(
        assignment=assignment,
        title=f"Assignment {assignment}",
        attempt_digest=digest_multibase(f"attempt {assignment}".encode()),
        notebook_digest=digest_multibase(f"notebook {assignment}".encode()),
        source_digest=digest_multibase(f"source {assignment}".encode()),
        grading_run="run-7",
        graded_at=datetime(2026, 11, 19, 1, 2, 3, tzinfo=UTC),
        assurance="sealed",
        score=score,
    )


def example_award() -> Award:
    """A learner who passed, with a name that asks something of UTF-8."""
    return Award(
        credential_id="urn:uuid:3f0f6c1e-8a0b-4c58-9a55-6d1f0f2f7c11",
        subject_id="urn:uuid:0b6a7f0e-52f5-4a4e-8d0f-1d2c3b4a5968",
        learner_email=EMAIL,
        salt="9d3a51f07c2e4b68" * 2,
        learner_name="Juana Niña «Ñ» dela Cruz",
        overall_score=0.87654,
        outcome_results=(OutcomeResult("LO1", 0.9), OutcomeResult("LO2", 2 / 3)),
        evidence=(example_evidence("ps1", 1.0), example_evidence("project", 0.75)),
        valid_from=datetime(2026, 11, 20, 8, 0, tzinfo=UTC),
        awarded_on=datetime(2026, 11, 20, 8, 0, tzinfo=UTC),
        valid_until=datetime(2029, 11, 20, 8, 0, tzinfo=UTC),
        status=StatusEntry(STATUS_URL, 94_567),
        batch="2026-11-A",
        approved_by="Registrar",
    )
