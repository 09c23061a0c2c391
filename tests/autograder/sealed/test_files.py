"""Files between the two folders: what the learner's code writes a test can read, what a test writes the learner's code can read, and nothing of it is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.sealed.files import changed_files, put_files, scan
from autograder.sealed.wire import WireError
from tests.autograder.sealed.examination import Desk

pytestmark = pytest.mark.slow

WRITE = "def write(name, text):\n    with open(name, 'w') as f:\n        f.write(text)"


@pytest.mark.parametrize("name", ["../out", "/etc/out", "a/../../out", ".hidden", "a/.b/c", "", "x\0y"])
def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    with pytest.raises(WireError, match="leads out"):
        put_files(folder, {name: b"x"})
    assert [each.name for each in tmp_path.iterdir()] == ["inside"]


def test_a_file_is_not_written_over_a_link(tmp_path: Path) -> None:
    folder, outside = tmp_path / "inside", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (folder / "link").symlink_to(outside)
    with pytest.raises(WireError, match="over a link"):
        put_files(folder, {"link/x": b"x"})
    assert list(outside.iterdir()) == []


def test_what_changed_is_told_once_and_what_is_gone_too(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("1")
    (tmp_path / "own").write_text("1")
    before = scan(tmp_path)
    (tmp_path / "old").unlink()
    (tmp_path / "own").write_text("22")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "new").write_text("333")
    (tmp_path / "link").symlink_to("/etc/passwd")
    found, now = changed_files(tmp_path, before, without=["own"])
    assert found == {"old": None, "deep/new": b"333"}
    assert changed_files(tmp_path, now)[0] == {}


@pytest.mark.parametrize(
    "test",
    [
        "write('a.txt', 'hello')\nassert open('a.txt').read() == 'hello'",
        "import os\nwrite('a.txt', 'hello')\nassert os.path.exists('a.txt') and not os.path.exists('b.txt')",
        "from pathlib import Path\nwrite('a.txt', 'one')\nwrite('a.txt', 'two')\nassert Path('a.txt').read_text() == 'two'",
        "import os\nwrite('a.txt', 'x')\nassert 'a.txt' in os.listdir()\nos.remove('a.txt')\nassert not os.path.exists('a.txt')",
        "import glob\nwrite('a.dat', 'x')\nassert glob.glob('*.dat') == ['a.dat']",
    ],
)
def test_a_test_reads_what_the_learners_code_wrote(desk: Desk, test: str) -> None:
    cell = desk.cell(WRITE, WRITE, test)
    assert (cell.auto_score, cell.is_sealed) == (2, True), cell.note
    assert desk.cell(WRITE, "def write(name, text):\n    pass", test).auto_score == 0


def test_the_learners_code_reads_what_a_test_wrote(desk: Desk) -> None:
    read = "def read(name):\n    return open(name).read()"
    test = "for text in ('one', 'three'):\n    with open('in.txt', 'w') as f:\n        f.write(text)\n    assert read('in.txt') == text"
    cell = desk.cell(read, read, test)
    assert (cell.auto_score, cell.is_sealed) == (2, True), cell.note


def test_a_module_that_the_learner_wrote_is_never_imported_where_the_tests_run(desk: Desk) -> None:
    answer = f"{WRITE}\nwrite('evil.py', 'verdict = 1')\nwrite('json2.pth', 'import os')"
    cell = desk.cell(WRITE, answer, "import os\nassert not os.path.exists('evil.py')\nassert 'evil.py' not in os.listdir()")
    assert cell.auto_score == 2, cell.note
    refused = desk.cell(WRITE, answer, "import evil\nassert evil.verdict == 1")
    assert refused.auto_score is None and "ModuleNotFoundError" in (refused.note or "")


def test_a_pickle_of_the_learners_is_not_opened_where_the_tests_run(desk: Desk) -> None:
    answer = "import pickle\nclass A:\n    def __reduce__(self):\n        return print, ('taken over',)\nwith open('a.pkl', 'wb') as f:\n    pickle.dump(A(), f)"
    cell = desk.cell("x = 1", answer, "import pickle\nwith open('a.pkl', 'rb') as f:\n    pickle.load(f)")
    assert cell.auto_score is None, "compat opens it, so a person decides"
    assert "UntrustedFileError" in (cell.note or "")


def test_the_text_of_a_learners_file_is_not_run_where_the_tests_run(desk: Desk) -> None:
    answer = "with open('a.txt', 'w') as f:\n    f.write('found = 5')"
    cell = desk.cell("x = 1", answer, "exec(open('a.txt').read())\nassert found == 5")
    assert cell.auto_score is None
    assert "name 'found' is not defined" in (cell.note or ""), "the text was run on the learner's side, whose names the test does not see"
