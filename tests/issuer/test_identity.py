"""A site's issuer: one key, made once, read only if it is ours alone."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from courses.settings import load_site
from issuer.did import did_key, find_assertion_key
from issuer.errors import KeyFileError
from issuer.identity import KEY_FILE, ensure_key, load_identity
from issuer.keys import key_from_seed, load_key
from portal.site_making import make_site
from tests.small_site import WANTED


def test_a_key_is_made_once_and_never_again(tmp_path: Path) -> None:
    site = make_site(tmp_path / "site", WANTED)
    before = (site.keys / KEY_FILE).read_bytes()
    assert not ensure_key(site, generate=lambda: key_from_seed(bytes(32)))
    assert (site.keys / KEY_FILE).read_bytes() == before


def test_a_site_published_on_the_web_has_a_did_web_whose_document_holds_its_key(tmp_path: Path) -> None:
    site = make_site(tmp_path / "site", WANTED)
    identity = load_identity(site)
    assert identity.profile.did == "did:web:badges.uni.example"
    key = find_assertion_key(identity.document, identity.signer.verification_method)
    assert key == load_key(site.keys / KEY_FILE).public_bytes


def test_a_site_for_trying_out_is_its_own_key(tmp_path: Path) -> None:
    site = make_site(tmp_path / "site", dataclasses.replace(WANTED, did_method="key"))
    assert load_identity(site).profile.did == did_key(load_key(site.keys / KEY_FILE).public_bytes)


def test_nothing_of_the_private_key_shows_in_the_identity(tmp_path: Path) -> None:
    site = make_site(tmp_path / "site", WANTED)
    secret = "".join((site.keys / KEY_FILE).read_text(encoding="ascii").splitlines()[1:-1])
    identity = load_identity(site)
    assert secret[-20:] not in f"{identity!r} {identity.document}"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622, 0o644])
def test_a_key_that_others_can_get_at_is_refused(mode: int, tmp_path: Path) -> None:
    site = make_site(tmp_path / "site", WANTED)
    (site.keys / KEY_FILE).chmod(mode)
    with pytest.raises(KeyFileError, match=f"its mode is {mode:04o}"):
        load_identity(load_site(site.root))


def test_a_missing_key_is_not_made_in_passing(tmp_path: Path) -> None:
    site = make_site(tmp_path / "site", WANTED)
    (site.keys / KEY_FILE).unlink()
    with pytest.raises(KeyFileError, match="there is no such key"):
        load_identity(site)
    assert not (site.keys / KEY_FILE).exists()
