"""The JSON files of credentials: written once, right, and no others touched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from courses.errors import StorageError
from issuer.credential_files import ONE_BY_ONE, CredentialFiles, file_name


def documents(count: int) -> list[tuple[str, str]]:
    return [(f"urn:uuid:{number:08}", f'{{"name": "Ñ{number}"}}') for number in range(count)]


def test_more_files_than_are_synced_one_by_one_hold_what_they_should(tmp_path: Path) -> None:
    files, given = CredentialFiles(tmp_path / "credentials"), documents(ONE_BY_ONE + 20)
    files.write(given)
    files.finish()
    assert {path.stem: path.read_text(encoding="utf-8") for path in files.folder.iterdir()} == {
        file_name(name): text for name, text in given
    }


def test_what_is_there_and_right_is_left_alone_and_what_is_not_is_written(tmp_path: Path) -> None:
    CredentialFiles(tmp_path).write(documents(3))
    (tmp_path / "00000001.json").write_text("cut o", encoding="utf-8")
    for path in tmp_path.iterdir():
        os.utime(path, (1, 1))  # long ago: what is written at once has the time of what was just written
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    CredentialFiles(tmp_path).write(documents(4))
    changed = {path.name for path in tmp_path.iterdir() if before.get(path.name) != path.stat().st_mtime_ns}
    assert changed == {"00000001.json", "00000003.json"}
    assert (tmp_path / "00000001.json").read_text(encoding="utf-8") == '{"name": "Ñ1"}'


def test_it_knows_of_whom_there_were_files_in_any_form(tmp_path: Path) -> None:
    (tmp_path / "00000001.fil.pdf").touch()
    files = CredentialFiles(tmp_path)
    assert (files.has("urn:uuid:00000001"), files.has("urn:uuid:00000002")) == (True, False)


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "credentials").touch()
    with pytest.raises(StorageError, match="a file stands where a folder is needed"):
        CredentialFiles(tmp_path / "credentials").write(documents(1))
    assert os.listdir(tmp_path) == ["credentials"]
