"""What a credential costs in processor time: ours, the slow way with pyld, other people's issuers, and the bare signature, alternately in one run on one core.

`python -m benchmarks.issuing [--rounds N]`. `@digitalbazaar/vc` is measured where `make node` has installed it. The machine may be loaded: compare the ratios. The fastest round counts for everybody.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from openbadgeslib.ob3 import OB3LdpSigner, OpenBadgeCredential

from issuer.achievement import build_achievement
from issuer.credential import build_credential
from issuer.did import did_document, did_key
from issuer.keys import SigningKey, save_key
from issuer.known_shapes import KnownShapes
from issuer.proof import add_proof, unsecured, verify_proof
from issuer.template_signing import TemplateSigner, signed_json
from tests.issuer.examples import BASE_URL, PROFILE, example_award, example_key, example_manifest

NODE = Path(__file__).resolve().parents[1] / "tests" / "node"
CREATED = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def main() -> None:
    """Print a table: microseconds of processor time each, and how many times that of ours."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    costs = _our_costs(rounds)
    costs.update(_node_costs(rounds))
    ours, bare = costs["sign (template)"], costs["bare Ed25519 signature"]
    say(f"{'':38} {'us CPU':>10} {'a second':>10} {'x ours':>8} {'x bare':>8}")
    for name, seconds in costs.items():
        say(f"{name:38} {seconds * 1e6:10.1f} {1 / seconds:10,.0f} {seconds / ours:8.1f} {seconds / bare:8.1f}")


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")


def _our_costs(rounds: int) -> dict[str, float]:
    key = example_key()
    did = did_key(key.public_bytes)
    signer, profile, manifest = key.signer(did), replace(PROFILE, did=did), example_manifest()
    achievement = build_achievement(manifest, BASE_URL)
    awards = [
        replace(example_award(), credential_id=uuid.uuid4().urn, subject_id=uuid.uuid4().urn, salt=uuid.uuid4().hex) for _ in range(300)
    ]
    documents = [build_credential(manifest, profile, each, BASE_URL, achievement=achievement) for each in awards]
    templates = TemplateSigner(signer, CREATED)
    signed = [json.loads(templates.sign(each)) for each in documents]
    shapes = KnownShapes()
    shapes.canonicalise(documents[0])
    theirs, their_signer = [OpenBadgeCredential.from_vc_document(each) for each in documents[:10]], OB3LdpSigner(_pem(key))
    tasks: dict[str, tuple[Callable[[int], Any], int]] = {
        "bare Ed25519 signature": (lambda place: signer.sign(bytes([place % 256]) * 64), 300),
        "sign (template)": (lambda place: templates.sign(documents[place]), 300),
        "build and sign (template)": (
            lambda place: templates.sign(build_credential(manifest, profile, awards[place], BASE_URL, achievement=achievement)),
            300,
        ),
        "sign (pyld each time)": (lambda place: signed_json(add_proof(documents[place], signer, CREATED)), 10),
        "openbadgeslib sign (eddsa-rdfc-2022)": (lambda place: their_signer.sign(theirs[place]), 10),
        "verify signature (template)": (
            lambda place: verify_proof(signed[place], lambda _: key.public_bytes, canonical=shapes.canonicalise(unsecured(signed[place]))),
            300,
        ),
        "verify signature (pyld each time)": (lambda place: verify_proof(signed[place], lambda _: key.public_bytes), 10),
    }
    best = dict.fromkeys(tasks, float("inf"))
    for _ in range(rounds):
        for name, (task, count) in tasks.items():
            started = time.process_time()
            for place in range(count):
                task(place)
            best[name] = min(best[name], (time.process_time() - started) / count)
    if templates.slow != 1:
        raise SystemExit(f"{templates.slow} credentials went the slow way")
    return best


def _pem(key: SigningKey) -> bytes:
    """Return a private key as openbadgeslib takes it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "key.pem"
        save_key(key, path)
        return path.read_bytes()


def _node_costs(rounds: int) -> dict[str, float]:
    """Return what `@digitalbazaar/vc` takes to issue the same credential; empty where it is not installed."""
    program = shutil.which("node")
    if program is None or not (NODE / "node_modules" / "@digitalbazaar" / "vc").is_dir():
        say("(@digitalbazaar/vc is not installed: `make node`)")
        return {}
    key = example_key()
    did = did_key(key.public_bytes)
    document = build_credential(
        example_manifest(), replace(PROFILE, did=did), replace(example_award(), valid_until=CREATED + timedelta(days=9000)), BASE_URL
    )
    question = {"did": did_document(did, (key.multikey,)), "credential": document, "rounds": rounds, "count": 40}
    done = subprocess.run(
        [program, "issue_digitalbazaar.mjs"], cwd=NODE, input=json.dumps(question), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"node failed: {done.stderr[-2000:]}")
    return {"@digitalbazaar/vc issue": float(json.loads(done.stdout)["cpu_s"])}


if __name__ == "__main__":
    main()
