"""Keys over their life: what a retired key signed still verifies, what a compromised one signed does not."""

from __future__ import annotations

import dataclasses
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from courses.settings import Site, load_site
from issuer.credential import build_credential
from issuer.errors import KeyFileError, PassphraseError, SignerError
from issuer.identity import load_identity
from issuer.keys import generate_key, save_key
from issuer.ledger import AuditEntry, open_ledger
from issuer.passphrases import PassphraseSource, from_file
from issuer.private_files import Secret, write_private
from issuer.proof import add_proof
from issuer.resolvers import FolderResolver
from issuer.verification import Verdict, verify_credential
from portal.key_keeping import add_key, adopt_signer, end_key, list_keys, protect_key
from portal.site_making import make_site
from tests.issuer.examples import BASE_URL, example_award, example_manifest
from tests.issuer.test_signing_command import SIGNS, command
from tests.small_site import WANTED

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path / "site", WANTED)


def word(folder: Path, content: bytes = b"a word") -> PassphraseSource:
    path = folder / f"word-{content.hex()}"
    if not path.exists():
        write_private(path, Secret(content))
    return from_file(path)


def signed(site: Site, **passphrase: PassphraseSource) -> dict[str, object]:
    identity = load_identity(site, **passphrase)
    award = dataclasses.replace(example_award(), status=None, valid_until=None)
    return add_proof(build_credential(example_manifest(), identity.profile, award, BASE_URL), identity.signer, NOW)


def verdict(site: Site, document: dict[str, object]) -> Verdict:
    report = verify_credential(document, resolver=FolderResolver(site.root, authoritative=True), now=NOW)
    return report.verdict


def test_what_a_retired_key_signed_still_verifies_and_what_a_compromised_one_signed_does_not(site: Site) -> None:
    before = signed(site)
    old = list_keys(site)[0].entry
    add_key(site, "Ed25519", None, replaces=True, by="Ana", now=NOW)
    after = signed(site)
    assert before["proof"][0]["verificationMethod"] != after["proof"][0]["verificationMethod"]  # type: ignore[index]  # JSON
    good = {Verdict.VALID, Verdict.VALID_WITH_A_NOTE}
    assert verdict(site, before) in good
    assert verdict(site, after) in good
    end_key(site, old.multikey, compromised=True, reason="stolen", by="Ana", now=NOW)
    assert verdict(site, before) not in good
    assert verdict(site, after) in good


def test_the_published_document_names_every_key_that_may_be_trusted_by_a_string(site: Site) -> None:
    add_key(site, "P-256", None, replaces=False, by="Ana", now=NOW)
    add_key(site, "Ed25519", None, replaces=True, by="Ana", now=NOW)
    document = json.loads((site.root / "did.json").read_text(encoding="utf-8"))
    methods = [method["id"] for method in document["verificationMethod"]]
    assert document["assertionMethod"] == methods
    assert all(isinstance(each, str) for each in document["assertionMethod"])
    assert sorted(methods) == sorted(each.key_id for each in list_keys(site))
    assert document == load_identity(site).document


@pytest.mark.slow
def test_an_encrypted_key_is_asked_for_its_passphrase_at_the_first_signature_only(site: Site, tmp_path: Path) -> None:
    add_key(site, "Ed25519", word(tmp_path), replaces=True, by="Ana", now=NOW)
    asked = []

    def source(key: str) -> Secret:
        asked.append(key)
        return Secret(b"a word")

    identity = load_identity(site, passphrase=source)
    assert asked == []
    identity.signer.sign(b"one")
    identity.signer.sign(b"two")
    assert len(asked) == 1
    assert "a word" not in repr(identity)


@pytest.mark.slow
def test_the_settings_may_name_the_file_of_the_passphrase(site: Site, tmp_path: Path) -> None:
    add_key(site, "Ed25519", word(tmp_path), replaces=True, by="Ana", now=NOW)
    settings = site.root / "patunay.toml"
    text = settings.read_text(encoding="utf-8")
    write_private(site.root / "keys" / "word", Secret(b"a word\n"))
    settings.write_text(text.replace("[issuer]", '[issuer]\npassphrase_file = "keys/word"'), encoding="utf-8")
    assert signed(load_site(site.root))["proof"]


@pytest.mark.slow
def test_a_wrong_passphrase_signs_nothing(site: Site, tmp_path: Path) -> None:
    add_key(site, "Ed25519", word(tmp_path), replaces=True, by="Ana", now=NOW)
    with pytest.raises(PassphraseError, match="does not open"):
        signed(site, passphrase=word(tmp_path, b"another"))


@pytest.mark.slow
def test_protecting_a_key_encrypts_it_and_leaves_nothing_unencrypted(site: Site, tmp_path: Path) -> None:
    key = list_keys(site)[0].entry
    protect_key(site, key.multikey, word(tmp_path), by="Ana", now=NOW)
    files = [each.name for each in site.keys.iterdir() if each.suffix == ".pem"]
    assert len(files) == 1
    assert b"ENCRYPTED" in (site.keys / files[0]).read_bytes()
    assert list_keys(site)[0].kept == f"{files[0]} (encrypted)"
    assert signed(site, passphrase=word(tmp_path))["proof"]


def test_a_first_key_of_a_kind_is_not_made_over_an_active_one(site: Site) -> None:
    with pytest.raises(KeyFileError, match="there is an active Ed25519 key"):
        add_key(site, "Ed25519", None, replaces=False, by="Ana", now=NOW)


def test_a_site_whose_identifier_is_its_key_has_no_other(tmp_path: Path) -> None:
    site = make_site(tmp_path / "site", dataclasses.replace(WANTED, did_method="key"))
    with pytest.raises(KeyFileError, match="cannot be replaced"):
        add_key(site, "Ed25519", None, replaces=True, by="Ana", now=NOW)
    with pytest.raises(KeyFileError, match="cannot be replaced"):
        end_key(site, list_keys(site)[0].entry.multikey, compromised=True, reason="x", by="Ana", now=NOW)


def test_a_program_that_keeps_the_key_signs_from_then_on(site: Site, tmp_path: Path) -> None:
    key = generate_key()
    save_key(key, tmp_path / "token.pem")
    (tmp_path / "public.pem").write_bytes(public_pem(tmp_path / "token.pem"))
    adopt_signer(site, tmp_path / "public.pem", command(SIGNS, tmp_path / "token.pem"), by="Ana", now=NOW)
    document = signed(site)
    assert document["proof"][0]["verificationMethod"].endswith(key.multikey)  # type: ignore[index]  # JSON
    assert verdict(site, document) in {Verdict.VALID, Verdict.VALID_WITH_A_NOTE}


def test_a_program_that_does_not_sign_is_not_adopted(site: Site, tmp_path: Path) -> None:
    save_key(generate_key(), tmp_path / "token.pem")
    (tmp_path / "public.pem").write_bytes(public_pem(tmp_path / "token.pem"))
    before = list_keys(site)
    with pytest.raises(SignerError, match="no signature"):
        adopt_signer(site, tmp_path / "public.pem", (sys.executable, "-c", "pass"), by="Ana", now=NOW)
    assert list_keys(site) == before


def test_a_file_with_another_key_than_the_list_names_is_refused(site: Site) -> None:
    entry = add_key(site, "Ed25519", None, replaces=True, by="Ana", now=NOW)
    (site.keys / str(entry.file)).unlink()
    save_key(generate_key(), site.keys / str(entry.file))
    with pytest.raises(KeyFileError, match="another key than the list names"):
        load_identity(site)


def test_every_change_stands_in_the_audit_log(site: Site) -> None:
    entry = add_key(site, "Ed25519", None, replaces=True, by="Ana Reyes", now=NOW)
    end_key(site, entry.multikey, compromised=True, reason="stolen", by="Ben Cruz", now=NOW)
    with open_ledger(site.ledger_url) as session:
        told = [(each.actor, each.action, each.subject) for each in session.scalars(select(AuditEntry))]
    assert told == [("Ana Reyes", "key rotated", entry.multikey), ("Ben Cruz", "key compromised", entry.multikey)]
    with pytest.raises(KeyFileError, match="no key of the site is active"):
        load_identity(site)


def public_pem(private: Path) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    return load_pem_private_key(private.read_bytes(), None).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
