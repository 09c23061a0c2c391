"""Learning records (CLR 2.0) and JWTs before verifiers that we did not write: Digital Bazaar's, the DCC's, and `jose`, all on Node."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from issuer.clr import Badge, LearnerRecord, build_record
from issuer.credential import build_credential
from issuer.did import did_document
from issuer.keys import SigningKey, generate_key
from issuer.proof import add_proof
from issuer.status_list import StatusBits, StatusEntry, build_status_list
from issuer.vc_jwt import sign_jwt
from tests.issuer.examples import BASE_URL, DID, EMAIL, PROFILE, STATUS_URL, example_award, example_key, example_manifest

NODE = shutil.which("node")
VERIFIERS = Path(__file__).parent.parent / "node"
ISSUED = datetime(2024, 1, 10, 8, tzinfo=UTC)
KEY = example_key()

pytestmark = [pytest.mark.slow, pytest.mark.skipif(NODE is None, reason="node is not installed; CI has it")]


def badge(number: int) -> dict[str, Any]:
    """Return one of the learner's signed badges."""
    award = dataclasses.replace(
        example_award(),
        credential_id=f"urn:uuid:3f0f6c1e-8a0b-4c58-9a55-6d1f0f2f7c{number:02}",
        valid_from=ISSUED,
        valid_until=None,
        status=StatusEntry(STATUS_URL, 40 + number),
        salt=f"{number:02}" * 16,
    )
    return add_proof(build_credential(example_manifest(), PROFILE, award, BASE_URL), KEY.signer(DID), ISSUED)


def record_of(badges: list[dict[str, Any]]) -> dict[str, Any]:
    record = LearnerRecord(
        record_id="urn:uuid:aaaaaaaa-8a0b-4c58-9a55-6d1f0f2f7c11",
        subject_id="urn:uuid:bbbbbbbb-8a0b-4c58-9a55-6d1f0f2f7c11",
        learner_email=EMAIL,
        salt="ab" * 16,
        valid_from=ISSUED,
        is_partial=False,
    )
    unsigned = build_record(PROFILE, record, [Badge(each, example_manifest()) for each in badges], BASE_URL)
    return add_proof(unsigned, KEY.signer(DID), ISSUED)


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def publish(folder: Path, *keys: str) -> None:
    write(folder / "did.json", did_document(DID, [KEY.multikey, *keys]))
    write(folder / "status" / "1.json", add_proof(build_status_list(STATUS_URL, DID, StatusBits(), ISSUED), KEY.signer(DID), ISSUED))


def judged(script: str, folder: Path, files: list[Path]) -> dict[str, dict[str, Any]]:
    """Return what a verifier says of each file, by its name."""
    assert NODE is not None
    run = subprocess.run(
        [NODE, str(VERIFIERS / script), str(folder), *map(str, files)], capture_output=True, text=True, timeout=600, check=False
    )
    assert run.returncode == 0, f"{run.stderr}\nAre they installed? npm --prefix tests/node ci"
    return {Path(said["file"]).stem: said for said in map(json.loads, run.stdout.splitlines())}


def other_course(record: dict[str, Any]) -> dict[str, Any]:
    changed = deepcopy(record)
    changed["credentialSubject"]["association"][0]["targetId"] = f"{BASE_URL}/awards/a-doctorate"
    return changed


def other_badge(record: dict[str, Any]) -> dict[str, Any]:
    changed = deepcopy(record)
    changed["credentialSubject"]["verifiableCredential"][0]["credentialSubject"]["result"][0]["value"] = "100"
    return changed


@pytest.mark.parametrize("script", ["verify_digitalbazaar.mjs", "verify_dcc.mjs"])
def test_a_record_of_several_badges_passes_and_a_changed_one_fails(script: str, tmp_path: Path) -> None:
    record = record_of([badge(1), badge(2), badge(3)])
    publish(tmp_path, generate_key("P-256").multikey)
    files = {"record": record, "other_award": other_course(record), "other_badge": other_badge(record)}
    found = judged(script, tmp_path, [write(tmp_path / "records" / f"{name}.json", document) for name, document in files.items()])
    assert {name: (said["verified"], said["signature"]) for name, said in found.items()} == {
        "record": (True, True),
        "other_award": (False, False),
        "other_badge": (False, False),
    }


@pytest.mark.parametrize("script", ["verify_digitalbazaar.mjs", "verify_dcc.mjs"])
def test_a_badge_taken_out_of_a_record_passes_alone(script: str, tmp_path: Path) -> None:
    record = record_of([badge(1), badge(2)])
    publish(tmp_path)
    inside = record["credentialSubject"]["verifiableCredential"][1]
    found = judged(script, tmp_path, [write(tmp_path / "records" / "inside.json", inside)])
    assert (found["inside"]["verified"], found["inside"]["status"]) == (True, "active")


@pytest.mark.parametrize("script", ["verify_digitalbazaar.mjs", "verify_dcc.mjs"])
def test_what_a_retired_key_signed_passes_and_what_a_compromised_one_signed_fails(script: str, tmp_path: Path) -> None:
    """The issuer has rotated its key: `KEY` signed, `new` signs now."""
    new = generate_key()
    signed_before = badge(1)
    for state, keys in (("retired", [new.multikey, KEY.multikey]), ("compromised", [new.multikey])):
        folder = tmp_path / state
        write(folder / "did.json", did_document(DID, keys))
        resigned = add_proof(build_status_list(STATUS_URL, DID, StatusBits(), ISSUED), new.signer(DID), ISSUED)
        write(folder / "status" / "1.json", resigned)
        found = judged(script, folder, [write(folder / "credentials" / "before.json", signed_before)])["before"]
        assert (found["verified"], found["signature"]) == ((True, True) if state == "retired" else (False, False)), state


def with_payload(jwt: str, change: dict[str, Any]) -> str:
    from base64 import urlsafe_b64decode, urlsafe_b64encode

    head, payload, signature = jwt.split(".")
    changed = json.loads(urlsafe_b64decode(payload + "==")) | change
    return f"{head}.{urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b'=').decode()}.{signature}"


def test_jose_accepts_our_jwts_and_refuses_what_is_wrong(tmp_path: Path) -> None:
    key, strangers = generate_key("P-256"), generate_key("P-256")
    credential = badge(1)

    def jwt(document: dict[str, Any], signing: SigningKey = key) -> str:
        return sign_jwt(document, signing.signer(DID))

    valid = jwt(credential)
    files = {
        "valid": valid,
        "changed": with_payload(valid, {"name": "Another title"}),
        "expired": jwt({**credential, "validUntil": "2025-01-10T00:00:00Z"}),
        "strangers_key": jwt(credential, strangers),
        "none": "eyJhbGciOiJub25lIn0" + valid[valid.index(".") : valid.rindex(".") + 1],
    }
    publish(tmp_path, key.multikey)
    found = judged("verify_jose.mjs", tmp_path, [write(tmp_path / f"{name}.jwt", text) for name, text in files.items()])
    assert {name for name, said in found.items() if said["verified"]} == {"valid"}
    assert found["valid"]["subject"] == credential["credentialSubject"]["id"]
    assert found["valid"]["title"] == example_manifest().title.en
    assert "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" in found["changed"]["error"]
    assert "exp" in found["expired"]["error"]
    assert "not in the DID document" in found["strangers_key"]["error"]
