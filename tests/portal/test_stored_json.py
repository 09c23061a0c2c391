"""JSON files that others could have written: read when they are plain files of a bearable size, and never followed anywhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from portal import stored_json
from portal.stored_json import find_json


def test_what_was_stored_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": [1, "ñ"]}', encoding="utf-8")
    assert find_json(tmp_path / "a.json") == {"a": [1, "ñ"]}


def test_links_pipes_folders_and_what_is_not_there_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "link.json").symlink_to(tmp_path / "a.json")
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "folder.json").mkdir()
    assert [find_json(tmp_path / f"{name}.json") for name in ("link", "pipe", "folder", "nothing")] == [None] * 4


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000])
def test_what_is_no_json_is_none(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a.json").write_bytes(text)
    assert find_json(tmp_path / "a.json") is None


def test_a_file_that_is_too_long_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.json").write_text("[1]")
    monkeypatch.setattr(stored_json, "MOST_BYTES", 3)
    assert find_json(tmp_path / "a.json") == [1]
    (tmp_path / "a.json").write_text("[1] ")
    assert find_json(tmp_path / "a.json") is None
