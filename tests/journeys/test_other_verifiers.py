"""Credentials of ours before verifiers that we did not write: Digital Bazaar's libraries and the DCC's verifier-core, both on Node.

What a university publishes (DID document, status lists) lies in a folder; the verifiers see that folder as the web, and nothing else.
`npm --prefix tests/node ci` installs them.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from courses.manifest import CourseManifest
from issuer.credential import AssignmentEvidence, Award, IssuerProfile, OutcomeResult, build_credential
from issuer.did import did_document, did_web
from issuer.keys import key_from_seed
from issuer.multibase import digest_multibase
from issuer.proof import add_proof
from issuer.status_list import StatusBits, StatusEntry, build_status_list

NODE = shutil.which("node")
VERIFIERS = Path(__file__).parent.parent / "node"
BASE_URL = "https://credentials.bayanihan.example"
LIST_URL = f"{BASE_URL}/status/revocation-1"
DID = did_web(BASE_URL)
KEY = key_from_seed(b"a key for tests, known to anyone")
STRANGERS_KEY = key_from_seed(b"the key of someone else entirely")
REVOKED_INDEX = 94_567
ISSUED = datetime(2024, 1, 10, 8, tzinfo=UTC)

pytestmark = [pytest.mark.slow, pytest.mark.skipif(NODE is None, reason="node is not installed; CI has it")]

MANIFEST = CourseManifest.model_validate(
    {
        "id": "data-wrangling",
        "version": "1.0.0",
        "code": "DW101",
        "title": {"en": "Introduction to Data Wrangling", "fil": "Panimula sa Pag-aayos ng Datos"},
        "summary": {"en": "Load, clean and join tables."},
        "type": "skills-based",
        "languages": ["en", "fil"],
        "licence": "CC-BY-4.0",
        "tags": ["pandas"],
        "awarding_body": {"name": "Bayanihan Open University", "country": "PH", "url": BASE_URL},
        "authors": [{"name": "María Ibañez", "role": "author"}],
        "outcomes": [{"id": "load", "text": {"en": "Load tabular data"}, "bloom": "apply"}],
        "levels": [{"framework": "PQF", "level": "5", "url": "https://pqf.example/levels/5"}],
        "notional_hours": {"total": 30, "modules": {"Loading": 30}},
        "participation": {"mode": "online", "pacing": "self-paced"},
        "prerequisites": {"en": "None"},
        "technology": {"device": "a computer", "bandwidth": "1 Mbit/s"},
        "assessments": [
            {
                "id": "ps1",
                "title": {"en": "Problem set 1"},
                "weight": 100,
                "type": "performance",
                "items": [{"cell": "test_load", "outcomes": ["load"]}],
            }
        ],
        "pass_rule": {"overall": 0.75},
        "supervision": "none",
        "identity_assurance": "account",
        "integrity": {"ai": "Allowed with a note.", "collaboration": "Alone."},
        "qa": {
            "scheme": "internal",
            "body": "Senate",
            "statement_url": f"{BASE_URL}/qa",
            "reviewed_by": "QA office",
            "reviewed_on": "2023-11-01",
            "review_by": "2028-11-01",
        },
        "change_log": [{"version": "1.0.0", "date": "2023-12-01", "kind": "outcome", "text": "First version."}],
        "stackability": {"standalone": True},
        "validity": "none",
        "contact": {"email": "registrar@bayanihan.example", "appeals_days": 30},
        "evidence_policy": "Hashes only.",
        "privacy_notice": f"{BASE_URL}/privacy",
    },
    strict=False,
)
PROFILE = IssuerProfile(DID, "Bayanihan Open University", BASE_URL, "registrar@bayanihan.example", "PH")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a verifier said of one credential."""

    verified: bool
    signature: bool
    status: str
    errors: str
    """All of its messages on one line."""
    refused: tuple[str, ...]
    """Addresses that it asked for and that are not published."""


Findings = Mapping[str, Finding]


def unsigned(*, index: int = 7, list_url: str = LIST_URL, valid_until: datetime | None = None) -> dict[str, Any]:
    """Return a credential as our issuer builds it, ready to be signed."""
    evidence = AssignmentEvidence(
        assignment="ps1",
        title="Problem set 1",
        attempt_digest=digest_multibase(b"attempt"),
        notebook_digest=digest_multibase(b"notebook"),
        source_digest=digest_multibase(b"source"),
        grading_run=uuid.uuid4().urn,
        graded_at=ISSUED,
        assurance="sealed",
        score=0.87,
    )
    award = Award(
        credential_id=uuid.uuid4().urn,
        subject_id=uuid.uuid4().urn,
        learner_email="nina@bayanihan.example",
        salt="9d3a51f07c2e4b689d3a51f07c2e4b68",
        learner_name="Niña Magsaysay ng Los Baños",
        overall_score=0.87,
        outcome_results=(OutcomeResult("load", 0.87),),
        evidence=(evidence,),
        valid_from=ISSUED,
        awarded_on=ISSUED,
        valid_until=valid_until,
        status=StatusEntry(list_url, index),
        batch="2024-01",
    )
    return build_credential(MANIFEST, PROFILE, award, BASE_URL)


def signed(document: Mapping[str, Any]) -> dict[str, Any]:
    return add_proof(document, KEY.signer(DID), ISSUED)


def with_other_score(credential: dict[str, Any]) -> dict[str, Any]:
    changed = deepcopy(credential)
    changed["credentialSubject"]["result"][0]["value"] = "100"
    assert changed != credential
    return changed


def with_other_name(credential: dict[str, Any]) -> dict[str, Any]:
    changed = deepcopy(credential)
    assert changed["credentialSubject"]["name"]
    changed["credentialSubject"]["name"] = "Someone Else"
    return changed


def credentials() -> dict[str, dict[str, Any]]:
    """Return the credentials to be judged, by what is the matter with them."""
    valid = signed(unsigned(valid_until=datetime(2124, 1, 10, tzinfo=UTC)))
    return {
        "valid": valid,
        "valid_without_end": signed(unsigned()),
        "changed_score": with_other_score(valid),
        "changed_name": with_other_name(valid),
        "strangers_key": add_proof(unsigned(), STRANGERS_KEY.signer(DID), ISSUED),
        "claims_our_key": add_proof(unsigned(), _Impostor(), ISSUED),
        "revoked": signed(unsigned(index=REVOKED_INDEX)),
        "expired": signed(unsigned(valid_until=datetime(2025, 1, 10, tzinfo=UTC))),
        "status_forged": signed(unsigned(list_url=f"{BASE_URL}/status/forged-1")),
        "status_missing": signed(unsigned(list_url=f"{BASE_URL}/status/missing-1")),
    }


class _Impostor:
    """Names our key and signs with another one."""

    verification_method = KEY.signer(DID).verification_method
    algorithm = KEY.algorithm

    def sign(self, data: bytes) -> bytes:
        return STRANGERS_KEY.sign(data)


def publish(folder: Path) -> None:
    """Write what the university's web site serves, and beside it the credentials."""
    revoked = StatusBits().with_bit(REVOKED_INDEX)
    forged_url = f"{BASE_URL}/status/forged-1"
    forged = signed(build_status_list(forged_url, DID, revoked, ISSUED))
    forged["credentialSubject"]["encodedList"] = build_status_list(forged_url, DID, StatusBits(), ISSUED)["credentialSubject"][
        "encodedList"
    ]
    documents: dict[str, Mapping[str, Any]] = {
        "did.json": did_document(DID, [KEY.multikey]),
        "status/revocation-1.json": signed(build_status_list(LIST_URL, DID, revoked, ISSUED)),
        "status/forged-1.json": forged,
        **{f"credentials/{name}.json": credential for name, credential in credentials().items()},
    }
    for name, document in documents.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


@pytest.fixture(scope="module", params=["verify_digitalbazaar.mjs", "verify_dcc.mjs"])
def findings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """What one verifier says of all credentials, in one run of Node."""
    folder = tmp_path_factory.mktemp("published")
    publish(folder)
    assert NODE is not None
    run = subprocess.run(
        [NODE, str(VERIFIERS / request.param), str(folder), *(str(file) for file in sorted((folder / "credentials").glob("*.json")))],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, f"{run.stderr}\nAre they installed? npm --prefix tests/node ci"
    return dict(_read(line) for line in run.stdout.splitlines())


def _read(line: str) -> tuple[str, Finding]:
    said = json.loads(line)
    errors = " | ".join(f"{error.get('name')}: {error.get('message')}" for error in said["errors"])
    return Path(said["file"]).stem, Finding(said["verified"], said["signature"], said["status"], errors, tuple(said["refused"]))


def test_every_credential_was_judged(findings: Findings) -> None:
    assert findings.keys() == credentials().keys()


@pytest.mark.parametrize("name", ["valid", "valid_without_end"])
def test_an_honest_credential_passes(findings: Findings, name: str) -> None:
    found = findings[name]
    assert (found.verified, found.signature, found.status, found.errors) == (True, True, "active", "")


@pytest.mark.parametrize("name", ["changed_score", "changed_name", "claims_our_key"])
def test_a_tampered_credential_fails_by_its_signature(findings: Findings, name: str) -> None:
    found = findings[name]
    assert (found.verified, found.signature) == (False, False)
    assert "signature" in found.errors.lower()


def test_a_key_that_the_issuer_does_not_publish_fails(findings: Findings) -> None:
    found = findings["strangers_key"]
    assert (found.verified, found.signature) == (False, False)
    assert found.errors


def test_a_revoked_credential_fails_by_its_status_alone(findings: Findings) -> None:
    found = findings["revoked"]
    assert (found.verified, found.signature, found.status) == (False, True, "revoked")
    assert "validUntil" not in found.errors


def test_an_expired_credential_fails_by_its_date_alone(findings: Findings) -> None:
    found = findings["expired"]
    assert (found.verified, found.signature) == (False, True)
    assert found.status != "revoked"
    assert "validUntil" in found.errors or "expiration" in found.errors


@pytest.mark.parametrize("name", ["status_forged", "status_missing"])
def test_a_status_that_cannot_be_trusted_is_not_a_pass(findings: Findings, name: str) -> None:
    found = findings[name]
    assert (found.verified, found.signature, found.status) == (False, True, "unchecked")
    assert found.errors


def test_verification_needs_nothing_but_what_the_university_publishes(findings: Findings) -> None:
    schemas = "https://purl.imsglobal.org/spec/ob/v3p0/schema/"
    missing = {url for found in findings.values() for url in found.refused if not url.startswith(schemas)}
    assert missing <= {f"{BASE_URL}/status/missing-1"}
