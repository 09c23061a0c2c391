"""Exports from a real site: every form carries the same credential, and verifies."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from courses.settings import Site, load_site
from issuer.baking import unbake
from issuer.certificate import MAX_SEAL_BYTES
from issuer.certificate_words import Language, written_date
from issuer.did import find_jwt_key
from issuer.errors import CertificateError, KeyFileError, LedgerError
from issuer.identity import load_identity
from issuer.jose_keys import JoseKey
from issuer.ledger import AuditEntry, credentials_of, open_ledger
from issuer.pdf_attachment import attached_credential
from issuer.proof import verify_proof
from issuer.resolvers import FolderResolver
from issuer.status_publishing import publish_status_lists
from issuer.svg_baking import unbake_svg
from issuer.vc_jwt import verify_jwt
from portal.awarding import approve, issue, prepare, record_consent
from portal.exporting import Exported, Form, export_credential, export_record, linkedin_link
from portal.governing import revoke
from portal.key_keeping import add_key, end_key, list_keys
from portal.verifying import verify_source
from tests.portal.commands import patunay
from tests.small_site import COURSE, Someone, enter_results, released_site

pytestmark = pytest.mark.slow

ANA = Someone("ana", "Ana Peña-Ñuñez")
NOW = datetime.now(UTC).replace(hour=20, minute=30, second=0, microsecond=0) - timedelta(days=1)
"""In the evening of yesterday; in Manila it was the next day already."""


@pytest.fixture(scope="module")
def awarded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site that issued one credential, to Ana, who agreed to show her name."""
    site = released_site(tmp_path_factory.mktemp("awarded") / "site", tmp_path_factory.getbasetemp())
    enter_results(site, (ANA,))
    record_consent(site, "ana", COURSE, show_name=True, channel="test", now=NOW)
    prepared = prepare(site, COURSE, by="Ana Reyes", now=NOW)
    assert prepared.batch is not None
    approve(site, prepared.batch, by="Ben Cruz", now=NOW)
    issue(site, prepared.batch, now=NOW, progress=lambda _done, _all: None)
    return site.root


@pytest.fixture
def site(awarded: Path, tmp_path: Path) -> Site:
    shutil.copytree(awarded, tmp_path / "site")
    return load_site(tmp_path / "site")


def the_credential(site: Site) -> tuple[str, str]:
    """Return id and text of the one credential."""
    with open_ledger(site.ledger_url) as session:
        (credential,) = credentials_of(session)
        return credential.id, credential.document


def with_setting(site: Site, line: str) -> Site:
    path = site.root / "patunay.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("[issuer]", f"[issuer]\n{line}"), encoding="utf-8")
    return load_site(site.root)


def text_in(form: Form, exported: Exported) -> str:
    """Return the credential that a file carries, read as a stranger reads it."""
    readers: dict[Form, Callable[[bytes], str]] = {
        "json": lambda data: data.decode(),
        "png": unbake,
        "svg": unbake_svg,
        "pdf": attached_credential,
    }
    return readers[form](exported.content)


@pytest.mark.parametrize("form", ["json", "png", "svg", "pdf"])
def test_every_form_carries_the_very_same_text(site: Site, form: Form) -> None:
    name, text = the_credential(site)
    exported = export_credential(site, name, form)
    assert text_in(form, exported) == text
    assert exported.name == f"{name.removeprefix('urn:uuid:')}.{form}"


def test_the_badge_as_svg_verifies(site: Site, tmp_path: Path) -> None:
    name, _ = the_credential(site)
    (tmp_path / "badge.svg").write_bytes(export_credential(site, name, "svg").content)
    found = verify_source(str(tmp_path / "badge.svg"), resolver=FolderResolver(site.root, authoritative=True), now=datetime.now(UTC))
    assert found.is_good, found
    changed = export_credential(site, name, "svg").content.replace(b"A tiny course", b"A huge course")
    (tmp_path / "changed.svg").write_bytes(changed)
    assert not verify_source(
        str(tmp_path / "changed.svg"), resolver=FolderResolver(site.root, authoritative=True), now=datetime.now(UTC)
    ).is_good


def test_a_jwt_is_signed_with_the_published_p256_key(site: Site) -> None:
    name, text = the_credential(site)
    with pytest.raises(KeyFileError, match="no key on P-256"):
        export_credential(site, name, "jwt")
    add_key(site, "P-256", None, replaces=False, by="Ana", now=NOW)
    document = load_identity(site).document

    def resolve(method: str) -> JoseKey:
        key = find_jwt_key(document, method)
        assert key is not None
        return key

    read = verify_jwt(export_credential(site, name, "jwt").content.decode(), resolve)
    signed = json.loads(text)
    signed.pop("proof")
    assert read.document == signed


def test_the_certificate_is_there_in_both_languages(site: Site) -> None:
    import io

    import pypdf

    name, _ = the_credential(site)
    told = {}
    languages: tuple[Language, ...] = ("en", "fil")
    for language in languages:
        exported = export_credential(site, name, "pdf", language=language)
        told[language] = pypdf.PdfReader(io.BytesIO(exported.content)).pages[0].extract_text()
        assert "Ana Peña-Ñuñez" in told[language]
        assert written_date((NOW + timedelta(hours=8)).date(), language) in told[language]
    assert "Certificate of Micro-credential" in told["en"]
    assert "Katibayan ng Micro-credential" in told["fil"]
    assert export_credential(site, name, "pdf", language="fil").name.endswith(".fil.pdf")


SEAL = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><circle cx="5" cy="5" r="5" fill="#7b1113"/></svg>'


def test_the_institutions_seal_stands_on_the_certificate(site: Site) -> None:
    name, text = the_credential(site)
    without = export_credential(site, name, "pdf").content
    (site.root / "seal.svg").write_text(SEAL, encoding="utf-8")
    sealed = export_credential(with_setting(site, 'seal = "seal.svg"'), name, "pdf").content
    assert sealed != without
    assert attached_credential(sealed) == text
    assert b"/Alt" in sealed


@pytest.mark.parametrize(
    ("content", "why"), [(None, "cannot be read"), (b"x" * (MAX_SEAL_BYTES + 1), "larger than"), (b"GIF89a", "neither a PNG nor an SVG")]
)
def test_a_seal_that_cannot_be_set_is_said(site: Site, content: bytes | None, why: str) -> None:
    if content is not None:
        (site.root / "seal").write_bytes(content)
    with pytest.raises(CertificateError, match=why):
        export_credential(with_setting(site, 'seal = "seal"'), the_credential(site)[0], "pdf")


def test_the_elm_file_has_the_name_that_the_learner_agreed_to(site: Site) -> None:
    upload = json.loads(export_credential(site, the_credential(site)[0], "elm").content)
    assert upload["credential"]["credentialSubject"]["fullName"] == {"en": "Ana Peña-Ñuñez"}


def test_a_record_is_signed_holds_the_badge_and_stands_in_the_audit_log(site: Site) -> None:
    name, text = the_credential(site)
    exported = export_record(site, "ana", (), by="Ben Cruz", now=NOW)
    document = json.loads(exported.content)
    assert document["credentialSubject"]["verifiableCredential"] == [json.loads(text)]
    assert document["partial"] is False
    key = load_identity(site).signer.verification_method
    from issuer.did import find_assertion_key

    assert verify_proof(document, lambda method: find_assertion_key(load_identity(site).document, method) or b"").verification_method == key
    with open_ledger(site.ledger_url) as session:
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.sequence.desc())).first()
        assert last is not None
        assert (last.action, last.actor, last.subject) == ("record issued", "Ben Cruz", document["id"])
        assert name in last.details


def test_a_withdrawn_credential_is_not_signed_again_and_not_linked(site: Site) -> None:
    name, _ = the_credential(site)
    add_key(site, "P-256", None, replaces=False, by="Ana", now=NOW)
    revoke(site, name, reason="a mistake", by="Ana Reyes", now=NOW)
    for attempt in (lambda: export_credential(site, name, "jwt"), lambda: linkedin_link(site, name)):
        with pytest.raises(LedgerError, match="withdrawn"):
            attempt()
    with pytest.raises(LedgerError, match="no credential at all"):
        export_record(site, "ana", (), by="Ben", now=NOW)


def test_what_is_not_there_is_not_exported(site: Site) -> None:
    with pytest.raises(LedgerError, match="there is no credential"):
        export_credential(site, "urn:uuid:0", "json")
    with pytest.raises(LedgerError, match="no credential for other-course"):
        export_record(site, "ana", ("other-course",), by="Ben", now=NOW)
    with pytest.raises(LedgerError, match="no credential at all"):
        export_record(site, "nobody", (), by="Ben", now=NOW)


def test_the_linkedin_link_says_what_the_credential_says(site: Site) -> None:
    name, text = the_credential(site)
    document = json.loads(text)
    values = parse_qs(urlsplit(linkedin_link(with_setting(site, 'linkedin_id = "12345"'), name)).query)
    assert values["name"] == ["A tiny course"]
    assert values["organizationId"] == ["12345"]
    assert values["certId"] == [name]
    assert values["certUrl"] == [f"https://badges.uni.example/verify/{name.removeprefix('urn:uuid:')}"]
    assert values["expirationYear"] == [str(site.day_of(datetime.fromisoformat(document["validUntil"])).year)]


def test_after_a_compromise_status_lists_are_signed_anew_with_the_new_key(site: Site) -> None:
    _, text = the_credential(site)
    listed = json.loads(text)["credentialStatus"]["statusListCredential"].rpartition("/")[2]
    old = list_keys(site)[0].entry.multikey
    end_key(site, old, compromised=True, reason="stolen", by="Ana", now=NOW)
    new = add_key(site, "Ed25519", None, replaces=True, by="Ana", now=NOW)
    with open_ledger(site.ledger_url) as session:
        publish_status_lists(site, load_identity(site), session, now=NOW)
    published = json.loads((site.root / "status" / listed).read_text(encoding="utf-8"))
    assert published["proof"][0]["verificationMethod"].endswith(new.multikey)
    verify_proof(published, lambda _method: new.public.data)


def test_the_commands_write_files_and_say_their_names(site: Site, tmp_path: Path) -> None:
    name, text = the_credential(site)
    generated = patunay("key", "generate", "--by", "Ana", "--no-passphrase", cwd=site.root)
    assert generated.code == 0, generated.err
    ran = patunay("export", "credential", name, "--to", "svg", "--out", "badge.svg", cwd=site.root)
    assert (ran.code, ran.out) == (0, "badge.svg\n"), ran.err
    assert unbake_svg((site.root / "badge.svg").read_bytes()) == text
    jwt = patunay("export", "credential", name, "--to", "jwt", cwd=site.root)
    assert (site.root / jwt.out.strip()).read_text().count(".") == 2
    record = patunay("export", "record", "ana", "--by", "Ben", cwd=site.root)
    assert json.loads((site.root / record.out.strip()).read_bytes())["type"] == ["VerifiableCredential", "ClrCredential"]
    assert patunay("export", "link", name, cwd=site.root).out.startswith("https://www.linkedin.com/profile/add?")
    wrong = patunay("export", "credential", name, "--to", "docx", cwd=site.root)
    assert (wrong.code, "none of json" in wrong.err) == (2, True)


def test_the_key_commands_work_without_a_terminal(site: Site) -> None:
    word = site.root / "keys" / "word"
    word.write_text("a word\n", encoding="utf-8")
    word.chmod(0o600)
    refused = patunay("key", "rotate", "--by", "Ana", "--passphrase-file", "keys/word", "--no-passphrase", cwd=site.root)
    assert refused.code == 2
    rotated = patunay("key", "rotate", "--by", "Ana", "--passphrase-file", "keys/word", cwd=site.root)
    assert rotated.code == 0, rotated.err
    first, second = patunay("key", "list", "--json", cwd=site.root).json()
    assert (first["state"], second["state"]) == ("active", "retired")
    assert first["kept"].endswith("(encrypted)")
    assert "a word" not in rotated.out + rotated.err
    ended = patunay("key", "retire", second["multikey"][-8:], "--compromised", "--reason", "x", "--by", "Ana", cwd=site.root)
    assert "1 credential that it signed does not verify any more" in ended.out
    assert second["multikey"] not in (site.root / "did.json").read_text(encoding="utf-8")
