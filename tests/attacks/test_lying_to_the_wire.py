"""Lies over the connection between the learner's side and the tests': broken frames, giant claims, forged values, forged answers, questions back.

What takes a lie without its defence is a plain reader (`json` or `pickle`), a channel whose limits are taken away by its constructor, the side that may
trust (the learner's own reads the tests' messages so), or the same test in the learner's process.
"""

from __future__ import annotations

import copy
import json
import os
import pickle
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from autograder.jobs import Limits
from autograder.sealed import codec, values
from autograder.sealed.candidate import Candidate
from autograder.sealed.codec import Decoder, Encoder
from autograder.sealed.semantics import Semantics
from autograder.sealed.wire import Channel, Tree, WireError, WireLimits, pack
from tests.attacks.arena import Record
from tests.attacks.test_verdict_forging import EQUAL, EXACT, SQUARE
from tests.autograder.sealed.examination import Desk
from tests.autograder.sealed.test_values import Plain
from tests.autograder.sealed.two_processes import examine

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("attacks")]

SMALL = WireLimits(text_bytes=1 << 12, buffer_bytes=1 << 12, buffers=20, nodes=100)
ENDLESS = WireLimits(text_bytes=1 << 40, buffer_bytes=1 << 40, buffers=1 << 40, nodes=1 << 40)


def read(data: bytes, limits: WireLimits) -> Any:
    """Return what a channel makes of bytes after which the other end is closed."""
    ours, theirs = socket.socketpair()
    with ours, theirs:

        def send() -> None:
            theirs.sendall(data)
            theirs.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            return Channel(ours, limits).receive()
        finally:
            ours.close()
            sender.join()


# --- frames that are too much

GIANTS: dict[str, Tree] = {
    "a text without end": "x" * (1 << 13),
    "bytes without end": b"x" * (1 << 13),
    "many parts": [0] * 200,
    "many lists inside one another's place": [[] for _ in range(200)],
    "many small buffers": [bytes(1) for _ in range(50)],
}


@pytest.mark.parametrize("name", GIANTS)
def test_too_large_a_message_is_refused_by_its_limit(name: str, record: Record) -> None:
    frame = pack(GIANTS[name], ENDLESS)
    record(name, "limits of the wire", without=read(frame, ENDLESS) == GIANTS[name], behind=_is_taken(frame, SMALL))


def _is_taken(frame: bytes, limits: WireLimits) -> bool:
    try:
        read(frame, limits)
    except WireError:
        return False
    return True


# --- frames that are none

_EXECUTED = Path("/tmp", f"patunay-executed-{os.getpid()}")


class _Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (_EXECUTED,))


def test_a_pickle_that_executes_is_no_message(record: Record) -> None:
    bomb = pickle.dumps(_Bomb()) * 3
    pickle.loads(bomb)
    executes = _EXECUTED.exists()
    _EXECUTED.unlink()
    with pytest.raises(WireError):
        read(bomb, WireLimits())
    record("a pickle that executes", "own frames", without=executes, behind=_EXECUTED.exists())


def test_an_array_that_executes_is_no_value(tmp_path: Path, record: Record) -> None:
    np.save(tmp_path / "bomb.npy", np.array([_Bomb()], dtype=object), allow_pickle=True)
    np.load(tmp_path / "bomb.npy", allow_pickle=True)
    executes = _EXECUTED.exists()
    _EXECUTED.unlink()
    data = (tmp_path / "bomb.npy").read_bytes()
    for node in (["array", ["|O", [1], "C", data]], ["array", ["O", [1], [["pickle", data]]]], ["scalar", "|O", data]):
        with pytest.raises(WireError):
            Decoder(Plain()).decode(node)
    record("an array that executes", "buffers of plain types", without=executes, behind=_EXECUTED.exists())


def test_nesting_without_end_does_not_break_the_reader(record: Record) -> None:
    text = b"[" * 100_000
    try:
        json.loads(text)
        breaks = False
    except RecursionError:
        breaks = True
    frame = struct.pack("<4sIII", pack([])[:4], len(text), 0, 0) + text
    with pytest.raises(WireError):
        read(frame, WireLimits())
    record("nesting without end", "the reader's own rules", without=breaks, behind=False)


def test_a_number_whose_value_is_bytes_that_came_before_is_refused(record: Record) -> None:
    buffers = [b"another's"]
    plain = json.loads(b'{"": -1}', object_hook=lambda leaf: buffers[leaf[""]])
    frame = bytearray(pack([b"mine"]))
    lied = bytes(frame).replace(b'{"":0}', b'{"":9}')
    assert lied != bytes(frame)
    record(
        "a buffer that is not the message's", "the reader's own rules", without=plain == b"another's", behind=_is_taken(lied, WireLimits())
    )


# --- trees that are no values

SAMPLES: list[Any] = [
    [1, "a", b"b", 2.5, None, (1, 2), {3}, {"k": [1]}, 2**70, 1j],
    np.arange(6.0).reshape(2, 3),
    np.array(["a", "b"]),
    np.array([1, None], dtype=object),
    np.float32(1),
    np.ma.MaskedArray([1, 2], mask=[False, True]),
    np.datetime64("2026-01-01"),
    pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": pd.Categorical(["u", "v"])}),
    pd.Series([1, None], dtype="Int64", name="s"),
    pd.MultiIndex.from_tuples([(1, "a"), (2, "b")]),
    pd.date_range("2026-01-01", periods=3, tz="Asia/Manila"),
    pd.Timestamp("2026-01-01", tz="UTC"),
    pd.Period("2026-01", "M"),
]
LIES: list[Any] = [
    None,
    True,
    -1,
    2**40,
    2**80,
    1e308,
    float("nan"),
    "",
    "O",
    "|V8",
    "../../etc/passwd",
    "eval",
    b"",
    b"\xff" * 9,
    [],
    ["@", 99],
    [[]] * 3,
]


def _lied_about(node: Tree) -> Iterator[Tree]:
    """Yield copies of a tree with each of its parts replaced by each lie."""
    for place in list(_places(node)):
        for lie in LIES:
            forged = copy.deepcopy(node)
            parent = forged
            for step in place[:-1]:
                parent = parent[step]
            parent[place[-1]] = lie
            yield forged


def _places(node: Tree, path: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    if type(node) is list:
        for number, part in enumerate(node):
            yield (*path, number)
            yield from _places(part, (*path, number))


@pytest.mark.filterwarnings("ignore")
def test_a_forged_value_is_refused_or_is_another_plain_value(record: Record) -> None:
    values.load_types()
    breaks, odd, count = 0, [], 0
    for sample in SAMPLES:
        tree = Encoder(Plain()).encode(sample)
        for forged in _lied_about(tree):
            count += 1
            breaks += _breaks_unchecked(forged)
            try:
                Decoder(Plain()).decode(forged)
            except WireError:
                continue
            except Exception as escaped:  # noqa: BLE001 - that none other escapes is what is tested
                odd.append((forged, repr(escaped)))
    assert count > 1000
    record("values of another type, shape or size", "checked decoding", without=breaks > 100, behind=bool(odd))


def _breaks_unchecked(forged: Tree) -> bool:
    """Whether the decoder of the tree's own kind, called without the checks round it, ends in an exception that nobody expects."""
    if type(forged) is not list or not forged or type(forged[0]) is not str or forged[0] not in codec.DECODERS:
        return False
    try:
        codec.DECODERS[forged[0]](Decoder(Plain()), forged)
    except WireError:
        return False
    except Exception:  # noqa: BLE001 - any will do
        return True
    return False


# --- names instead of values

_CANDIDATE = (
    "from autograder.sealed.candidate import Candidate\nimport gc, os\nme = [o for o in gc.get_objects() if isinstance(o, Candidate)][0]\n"
)
_SENDS = "class A:\n    pass\ndef square(n):\n    return A()"


@dataclass(frozen=True)
class Named:
    """A tree that names an object instead of holding a value."""

    tree: list[Any]
    is_it: Callable[[Any], bool]


NAMED = {
    "an object of a library that equals everything": Named(["library", "unittest.mock", "ANY"], lambda found: found == "anything"),
    "the module of the operating system": Named(["module", "os"], lambda found: found is os),
    "a function of the shell": Named(["library", "os", "system"], lambda found: found is os.system),
    "a class that hides in another": Named(["library", "builtins", "type.mro"], callable),
}


@pytest.mark.parametrize("name", NAMED)
def test_an_object_by_its_name_is_believed_by_the_learners_side_only(desk: Desk, name: str, record: Record) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        trusting = Candidate(Channel(ours), {})
        believed = NAMED[name].is_it(trusting.resolve(Decoder(trusting), NAMED[name].tree))
    answer = f"{_CANDIDATE}Candidate.refer = lambda self, e, t: {NAMED[name].tree!r}\n{_SENDS}"
    record(name, "the examiner resolves no names", without=believed, behind=_earns(desk, answer))


def _earns(desk: Desk, answer: str, test: str = EXACT) -> bool:
    result = desk.grade(SQUARE, answer, test)
    assert result.status in {"graded", "failed"}, result.reason
    return bool(result.cells and result.cells[0].auto_score)


_SEND = f"{_CANDIDATE}def say(tree):\n    me.channel.send(tree)\n"
_DESCRIBE = "import autograder.sealed.party as p\nold = p.describe\ndef describe(*a):\n    r = old(*a)\n    {lie}\n    return r\np.describe = describe\n"
FORGERIES = {
    "answers written beforehand": "from autograder.sealed.wire import pack\nimport os\nos.write(4, pack(['tell', '0' * 16, True, [], [], 9, None, None]) * 4)\ndef square(n):\n    return 0",
    "a builtin by type": f"{_CANDIDATE}Candidate.refer = lambda self, e, t: ['type', 'eval']\n{_SENDS}",
    "a twin of a class that is none": f"{_CANDIDATE}Candidate.refer = lambda self, e, t: ['twin', 'int', ['d', []]]\n{_SENDS}",
    "a reference to the tests' own objects": f"{_CANDIDATE}Candidate.refer = lambda self, e, t: ['R', 1]\n{_SENDS}",
    "a global that was not asked for": f"{_CANDIDATE}Candidate.refer = lambda self, e, t: ['global', 'square']\n{_SENDS}",
    "an exception that is a warning of success": f"{_CANDIDATE}Candidate.refer = lambda self, e, t: ['exception', ['builtins:Warning'], [], '', 0]\n{_SENDS}",
    "a class that says it is int": _DESCRIBE.format(lie="r[2:5] = ['int', 'builtins', ['builtins:int', 'builtins:object']]")
    + f"{EQUAL}def square(n):\n    return Any()",
    "a class that says it is the expected one": _DESCRIBE.format(lie="r[2:4] = ['square', '__main__']") + f"{EQUAL}def square(n):\n    return Any()",
    "a function that says it is equal": _DESCRIBE.format(lie="r[6] = 'function'") + f"{EQUAL}def square(n):\n    return Any()",
    "a pickle": "import os, pickle\nclass B:\n    def __reduce__(self):\n        return (os.system, ('touch /tmp/owned',))\ndef square(n):\n    os.write(4, pickle.dumps(B()) * 3)\n    return 9",
    "garbage": "import os\ndef square(n):\n    os.write(4, b'x' * 1000)\n    return 9",
    "a claim of endless length": "import os, struct\ndef square(n):\n    os.write(4, struct.pack('<4sIII', b'pse1', 2**32 - 1, 2**32 - 1, 2**32 - 1))\n    return 9",
    "a change of what was not sent": f"{_SEND}import autograder.sealed.party as p\nold = Candidate._tell\ndef tell(self, ticket, ok, value, known, before):\n    self.channel.send(['tell', ticket, True, [[7, ['l']]], [], 9, None, None])\nCandidate._tell = tell\ndef square(n):\n    return 0",
    "the connection closed": "import os\ndef square(n):\n    os.close(4)\n    return 9",
    "the same ticket told twice": f"{_SEND}old = Candidate.send\ndef twice(self, tree):\n    old(self, tree)\n    if tree[0] == 'tell':\n        old(self, tree)\nCandidate.send = twice\ndef square(n):\n    return 9",
    "an answer without an end": f"{_SEND}def square(n):\n    deep = []\n    for _ in range(500):\n        deep = ['l', deep]\n    Candidate.refer = lambda self, e, t: deep\n    return Candidate",
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_message_earns_nothing(desk: Desk, name: str) -> None:
    assert not _earns(desk, FORGERIES[name])
    assert not Path("/tmp/owned").exists()


def test_an_answer_written_before_its_question_fits_no_ticket(desk: Desk, record: Record) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        Channel(theirs).send(["tell", "0" * 16, True, [], [], 9, None, None])
        credulous = Channel(ours).receive()[5]  # what a reader has that asks for no ticket
    record(
        "an answer written before its question",
        "tickets",
        without=credulous == 9,
        behind=_earns(desk, FORGERIES["answers written beforehand"]),
    )


def test_a_test_that_swallows_everything_does_not_hide_a_broken_connection(desk: Desk) -> None:
    cell = desk.cell(
        SQUARE, "import os\ndef square(n):\n    os.write(4, b'x' * 100)\n    raise ValueError", "try:\n    square(-1)\nexcept:\n    pass"
    )
    assert cell.auto_score is None
    assert "the learner's side failed" in (cell.note or "")


def test_a_tests_function_tells_the_learner_nothing_but_its_name(desk: Desk) -> None:
    probe = (
        f"{_CANDIDATE}def square(f):\n    told = []\n    for name in ('__globals__', '__code__', '__closure__', '__self__', '__dict__', 'gi_frame'):\n"
        "        try:\n            told.append(str(me.request('attribute', f, name)))\n        except AttributeError:\n            pass\n    return told"
    )
    cell = desk.cell("def square(f):\n    return []", probe, "secret = 5\nassert square(lambda: secret) == []")
    assert (cell.auto_score, cell.is_sealed) == (2, True)


QUESTIONS = [
    "('call', print, 1)",
    "('attribute', 'abc', 'join')",
    "('fetch', 'secret')",
    "('has', 'secret')",
    "('names',)",
]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_about_what_was_not_handed_over_ends_the_examination(desk: Desk, question: str, record: Record) -> None:
    operation, *arguments = eval(question)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        found = Candidate(Channel(ours), {"secret": 5}).perform(
            operation, arguments, {}
        )  # the side that may trust answers whatever it is asked
    answer = f"{_CANDIDATE}def square(n):\n    me.request(*{question})\n    return 9"
    cell = desk.cell(SQUARE, answer, "secret = 5\nassert square(3) == 9")
    assert "the learner's side failed" in (cell.note or "")
    told = found is None if operation == "call" else bool(found)
    record(f"asked of the tests: {question}", "only what was handed over may be asked", without=told, behind=bool(cell.auto_score))


def test_a_question_that_nobody_answers_ends_the_examination_too(desk: Desk) -> None:
    cell = desk.cell(
        SQUARE, f"{_CANDIDATE}def square(n):\n    me.request('source', print)\n    return 9", "secret = 5\nassert square(3) == 9"
    )
    assert not cell.auto_score
    assert "the learner's side failed" in (cell.note or "")


LIARS = [name for name in FORGERIES if name.startswith("a class that says it is ")]


@pytest.mark.parametrize("name", LIARS)
def test_an_object_that_lies_about_what_it_is_is_equal_to_everything_where_all_objects_are_asked(
    desk: Desk, name: str, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = _earns(desk, FORGERIES[name])
    assert examine(SQUARE, FORGERIES[name], EXACT, goes_ahead=False).raised[0]
    monkeypatch.setattr(Semantics, "may_ask", lambda *_: True)
    monkeypatch.setattr(Semantics, "doubt", lambda *_: None)
    believed = not examine(SQUARE, FORGERIES[name], EXACT, goes_ahead=False).raised[0]
    record(name, "only classes of the reference solution are asked", without=believed, behind=behind)


# --- time and amount


def test_an_answer_that_does_not_come_costs_its_cell_only(desk: Desk, record: Record) -> None:
    slow = "import time\ndef square(n):\n    time.sleep({})\n    return n * n"
    patient = desk.in_one_process(SQUARE, slow.format(0.5), "assert square(3) == 9")
    result = desk.grade(SQUARE, slow.format(600), "assert square(3) == 9", "assert 1", limits=Limits(cell_timeout_s=6))
    record("an answer that does not come", "time limit", without=patient.cells[0].auto_score == 2, behind=bool(result.cells[0].auto_score))
    assert result.cells[1].auto_score == 2


def test_an_answer_that_is_too_large_costs_its_cell_only(desk: Desk, record: Record) -> None:
    large = "def square(n):\n    return bytes(280 * 2**20) if n == 3 else n * n"
    plain = desk.in_one_process(SQUARE, large, "assert len(square(3))")
    result = desk.grade(SQUARE, large, "assert len(square(3))", "assert square(2) == 4")
    record("an answer of 280 MiB", "limits of the wire", without=plain.cells[0].auto_score == 2, behind=bool(result.cells[0].auto_score))


def test_printing_without_end_while_a_test_asks_is_no_result(desk: Desk, record: Record) -> None:
    flood = "def square(n):\n    for _ in range(60):\n        print('x' * 50_000)\n    return n * n"
    test = "for _ in range(2):\n    assert square(3) == 9"
    small = Limits(cell_timeout_s=120, output_bytes=2**20)
    patient = desk.grade(SQUARE, flood, test, limits=Limits(cell_timeout_s=120, output_bytes=2**26, cell_output_bytes=2**26))
    result = desk.grade(SQUARE, flood, test, limits=small)
    without, behind = (bool(each.cells[0].auto_score) for each in (patient, result))
    record("printing without end", "output limit", without=without, behind=behind)
    assert "MiB" in result.notebooks[0].document
