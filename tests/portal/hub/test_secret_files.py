"""Secrets of the hub, and who is in which group."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from courses.errors import SettingsError
from portal.hub.people import load_people
from portal.hub.secret_files import hub_folder, kept_secret, new_password


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    secret = kept_secret(hub_folder(tmp_path) / "token")
    assert len(secret) == 64
    assert kept_secret(tmp_path / "hub" / "token") == secret
    assert stat.S_IMODE((tmp_path / "hub" / "token").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "hub").stat().st_mode) == 0o700


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc\n")
    (tmp_path / "token").chmod(0o644)
    with pytest.raises(SettingsError, match="others can read"):
        kept_secret(tmp_path / "token")


def test_an_empty_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "token").touch(mode=0o600)
    with pytest.raises(SettingsError, match="empty"):
        kept_secret(tmp_path / "token")


def test_passwords_differ_and_can_be_typed() -> None:
    one, other = new_password(), new_password()
    assert one != other
    assert len(one) == 19
    assert set(one) <= set("abcdefghjkmnpqrstuvwxyz23456789-")


def test_without_a_file_nobody_is_in_any_group(tmp_path: Path) -> None:
    assert load_people(tmp_path / "people.toml", ["a-course"]) == {}


def test_people_are_read_by_group(tmp_path: Path) -> None:
    (tmp_path / "people.toml").write_text('patunay-admin = ["reyes"]\nnbgrader-a-course = ["ana", "ben", "ana"]\n')
    assert load_people(tmp_path / "people.toml", ["a-course"]) == {"patunay-admin": ("reyes",), "nbgrader-a-course": ("ana", "ben")}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('nbgrader-a-curse = ["ana"]', "nbgrader-a-course"),
        ("patunay-admin = 'reyes'", "does not list names"),
        ("patunay-admin = ['']", "does not list names"),
        ("patunay-admin", "no TOML"),
    ],
)
def test_a_file_that_is_not_understood_is_refused_with_what_to_write(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "people.toml").write_text(text)
    with pytest.raises(SettingsError) as refused:
        load_people(tmp_path / "people.toml", ["a-course"])
    assert told in str(refused.value)
