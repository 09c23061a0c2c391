from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from courses.errors import StorageError
from courses.storage import diagnosed_storage, held_alone, remove_folder, replace_folder, write_atomically


def test_what_is_written_is_there_with_its_mode_and_no_draft(tmp_path: Path) -> None:
    write_atomically(tmp_path / "new" / "x.txt", "ñ", mode=0o444)
    assert (tmp_path / "new" / "x.txt").read_bytes() == "ñ".encode()
    assert stat.S_IMODE((tmp_path / "new" / "x.txt").stat().st_mode) == 0o444
    write_atomically(tmp_path / "new" / "x.txt", b"second")
    assert (tmp_path / "new" / "x.txt").read_bytes() == b"second"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["x.txt"]


def test_a_file_that_cannot_be_written_whole_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    write_atomically(path, b"old")
    program = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from courses.storage import write_atomically\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "write_atomically(Path(sys.argv[1]), b'x' * 5000)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "OSError" in done.stderr or "StorageError" in done.stderr
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["x.bin"]


def mount_small(folder: Path) -> None:
    """Mount a file system of 64 KiB at `folder`."""
    folder.mkdir()
    if os.getuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], check=False).returncode != 0:
        pytest.skip("a small file system needs root and the right to mount")


def test_a_full_disk_is_said_in_words_and_leaves_the_old_file(tmp_path: Path) -> None:
    small = tmp_path / "small"
    mount_small(small)
    try:
        write_atomically(small / "x", b"old")
        with pytest.raises(StorageError, match="the disk is full\nFree some space"):
            write_atomically(small / "x", b"n" * 100_000)
        assert (small / "x").read_bytes() == b"old"
        assert [each.name for each in small.iterdir()] == ["x"]
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_path_through_a_file_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StorageError, match="a part of the path is a file"):
        write_atomically(tmp_path / "file" / "x" / "y", b"")


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_said_in_words(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="permission denied"):
        write_atomically(tmp_path / "x", b"")


def test_what_has_no_words_of_ours_is_not_swallowed(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), diagnosed_storage(tmp_path):
        (tmp_path / "none").read_bytes()


def test_a_folder_takes_the_place_of_another_whole(tmp_path: Path) -> None:
    for name, content in (("old", "1"), ("new", "2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / content).write_text(content, encoding="utf-8")
    replace_folder(tmp_path / "new", tmp_path / "old")
    assert [path.name for path in (tmp_path / "old").iterdir()] == ["2"]
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_a_folder_moves_to_a_place_that_is_free(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    replace_folder(tmp_path / "new", tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


def test_a_lock_is_held_by_one_and_let_go_when_its_process_is_killed(tmp_path: Path) -> None:
    program = "import sys, time\nfrom pathlib import Path\nfrom courses.storage import held_alone\n"
    program += "with held_alone(Path(sys.argv[1]), 'another process is working'):\n    print('held', flush=True)\n    time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "lock")], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(StorageError, match="another process is working"), held_alone(tmp_path / "lock", "another process is working"):
            pass
        other.kill()
    with held_alone(tmp_path / "lock", "another process is working"):
        pass
    with held_alone(tmp_path / "lock", "another process is working"):
        pass


def test_read_only_folders_are_removed_too(tmp_path: Path) -> None:
    (tmp_path / "x" / "y").mkdir(parents=True)
    (tmp_path / "x" / "y" / "z").write_text("", encoding="utf-8")
    (tmp_path / "x" / "y").chmod(0o500)
    (tmp_path / "x").chmod(0o500)
    remove_folder(tmp_path / "x")
    assert not (tmp_path / "x").exists()
