"""What somebody should see to before keys or status lists fail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from issuer.keyring import KeyEntry, State
from portal.key_keeping import ListedKey
from portal.key_overview import PublishedList, alarms_of

NOW = datetime(2026, 11, 29, tzinfo=UTC)


def _key(state: State = "active", kept: str = "issuer.pem (encrypted)") -> ListedKey:
    return ListedKey(KeyEntry(multikey="z6Mk", algorithm="Ed25519", state=state, made_at=NOW), "did:web:x#z6Mk", kept)


def _list(days: int) -> PublishedList:
    return PublishedList(1, NOW, NOW + timedelta(days=days), 5)


def test_an_encrypted_key_and_a_list_of_a_year_are_no_alarm() -> None:
    assert alarms_of([_key()], [_list(365)], NOW) == ()


@pytest.mark.parametrize(
    ("keys", "lists", "expected"),
    [
        ([], [], "no active key"),
        ([_key("retired")], [], "no active key"),
        ([_key(kept="issuer.pem (not encrypted)")], [], "key not encrypted"),
        ([_key(), _key("compromised")], [], "compromised key"),
        ([_key()], [_list(0)], "list ended"),
        ([_key()], [_list(60)], "list ends soon"),
        ([_key()], [PublishedList(1, None, None, 5, "list missing")], "list missing"),
        ([_key()], [PublishedList(1, None, None, 5, "list unreadable")], "list unreadable"),
    ],
)
def test_each_thing_that_fails_soon_is_told(keys: list[ListedKey], lists: list[PublishedList], expected: str) -> None:
    assert [what for what, _ in alarms_of(keys, lists, NOW)] == [expected]
