from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from issuer.errors import KeyFileError
from issuer.keyring import FIRST_KEY_FILE, KEYRING_FILE, KeyEntry, Keyring, read_keyring, write_keyring
from issuer.keys import Algorithm, generate_key, save_key
from issuer.private_files import Secret, write_private

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def entry(algorithm: Algorithm = "Ed25519") -> KeyEntry:
    key = generate_key(algorithm)
    return KeyEntry(multikey=key.multikey, algorithm=algorithm, state="active", made_at=NOW, file=f"{key.multikey}.pem")


def test_a_list_is_read_as_it_was_written(tmp_path: Path) -> None:
    keyring = Keyring((entry(),)).with_active(entry(), now=NOW).with_active(entry("P-256"), now=NOW)
    write_keyring(tmp_path / "keys", keyring)
    assert read_keyring(tmp_path / "keys") == keyring
    assert (tmp_path / "keys" / KEYRING_FILE).stat().st_mode & 0o777 == 0o600


def test_a_site_with_one_key_and_no_list_is_read_as_a_list_of_one(tmp_path: Path) -> None:
    key = generate_key()
    save_key(key, tmp_path / FIRST_KEY_FILE)
    active = read_keyring(tmp_path).find_active("Ed25519")
    assert active is not None
    assert (active.multikey, active.file) == (key.multikey, FIRST_KEY_FILE)


def test_a_new_key_takes_the_place_of_the_active_one_of_its_kind_only() -> None:
    first, second, other = entry(), entry(), entry("P-256")
    keyring = Keyring((first, other)).with_active(second, now=NOW)
    assert [each.state for each in keyring.entries] == ["retired", "active", "active"]
    assert keyring.published() == (second.multikey, other.multikey, first.multikey)


def test_a_compromised_key_is_published_no_more_and_never_comes_back() -> None:
    first, second = entry(), entry()
    keyring = Keyring((first,)).with_active(second, now=NOW)
    ended = keyring.with_ended(keyring.load_entry(first.multikey), "compromised", "stolen", now=NOW)
    assert ended.published() == (second.multikey,)
    compromised = ended.load_entry(first.multikey)
    for state in ("retired", "compromised"):
        with pytest.raises(KeyFileError, match="compromised already"):
            ended.with_ended(compromised, state, "changed my mind", now=NOW)
    with pytest.raises(KeyFileError, match="in the list already"):
        ended.with_active(first, now=NOW)


def test_a_key_is_named_by_enough_of_it() -> None:
    one, two = entry(), entry()
    keyring = Keyring((one, two))
    assert keyring.load_entry(one.multikey[-8:]) == one
    with pytest.raises(KeyFileError, match="2 keys are meant"):
        keyring.load_entry("z6Mk")
    for name in ("nothing", ""):
        with pytest.raises(KeyFileError, match="there is no key"):
            keyring.load_entry(name)


def changed(change: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry().model_dump(mode="json", exclude_none=True) | change]


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ([entry().model_dump(mode="json"), entry().model_dump(mode="json")], "two Ed25519 keys are active"),
        ([entry().model_dump(mode="json")] * 2, "stands in it twice"),
        (changed({"multikey": entry("P-256").multikey}), "no Ed25519 Multikey"),
        (changed({"file": "../elsewhere.pem"}), "no name of a file"),
        (changed({"file": "/etc/passwd"}), "no name of a file"),
        (changed({"command": ["sign"]}), "neither or both"),
        (changed({"state": "trusted"}), "damaged: keys.0.state"),
        (changed({"secret": "x"}), "damaged: keys.0.secret"),
        (changed({"made_at": "2026-11-23T00:00:00"}), "damaged: keys.0.made_at"),
    ],
)
def test_a_list_that_could_be_read_in_two_ways_is_refused(tmp_path: Path, keys: list[dict[str, Any]], why: str) -> None:
    write_private(tmp_path / KEYRING_FILE, Secret(json.dumps({"version": 1, "keys": keys}).encode()))
    with pytest.raises(KeyFileError, match=why):
        read_keyring(tmp_path)


def test_a_list_that_others_can_change_is_refused(tmp_path: Path) -> None:
    write_keyring(tmp_path, Keyring((entry(),)))
    (tmp_path / KEYRING_FILE).chmod(0o664)
    with pytest.raises(KeyFileError, match="others can get at the list of keys"):
        read_keyring(tmp_path)
