"""What goes between the portal and a process that reads strangers' or learners' files: an order there, an answer back, as JSON with bytes behind it.

An answer comes from a process that a stranger may have taken over. So it is never unpickled, it has a size that is not passed, and it is held to a form before
anything is made of it. Pure, but for the two that read.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import ConfigDict, TypeAdapter, with_config

from issuer.verification import CHECK_NAMES, VerificationReport

MAX_HEAD_BYTES = 2 * 2**20
MAX_DATA_BYTES = 32 * 2**20
_LENGTHS = struct.Struct("!II")


class Task(StrEnum):
    """What is to be done, each in a process of its own: what took a file apart has no say in what is found of the credential."""

    TAKE_OUT = "take out"
    """The credential that a file carries, or what the QR codes in a picture say. No file of the site and no network is in reach."""
    FETCH = "fetch"
    """What is published at an https address."""
    EXAMINE = "examine"
    """A credential, as JSON or as a JWT."""
    SORT_OUT = "sort out"
    """What a learner sent: which files of the assignment are among it."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a process is asked."""

    task: Task
    site: str
    """The folder of the site, whose published files are believed."""
    now: datetime
    data: bytes
    """The file, the credential, the address, or what a learner sent (`packed_files`)."""
    names: tuple[str, ...] = ()
    """Of the assignment's files, of which a learner sent some."""
    most_bytes: int = 0
    """How much of them is taken."""


class RefusalKind(StrEnum):
    """Why there is no result."""

    UNREADABLE = "unreadable"
    UNREACHABLE = "unreachable"
    TOO_MUCH = "too much"
    FAULT = "fault"


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no result, in words."""

    kind: RefusalKind
    problem: str = ""
    """Of a fault: its kind and the lines of code."""
    remedy: str = ""


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class Answer:
    """What a process found."""

    data: bytes = b""
    """What was taken out or fetched; the files that were sorted out (`packed_files`); of what was examined the document as JSON, empty unless its signature fits."""
    report: VerificationReport | None = None
    codes: tuple[str, ...] = ()
    """What the QR codes say, in a picture that carries no credential."""
    refusal: Refusal | None = None


_HEAD = TypeAdapter(Answer)


def frame(head: dict[str, Any], data: bytes) -> bytes:
    """Return what goes over the wire: two lengths, JSON, bytes."""
    text = json.dumps(head, default=_plain, ensure_ascii=False).encode("utf-8", "replace")
    return _LENGTHS.pack(len(text), len(data)) + text + data


def order_frame(order: Order) -> bytes:
    """Return an order as it goes over the wire."""
    head = {"task": order.task, "site": order.site, "now": order.now, "names": order.names, "most_bytes": order.most_bytes}
    return frame(head, order.data)


def answer_frame(answer: Answer) -> bytes:
    """Return an answer as it goes over the wire."""
    head = asdict(answer)
    return frame({name: value for name, value in head.items() if name != "data"}, answer.data)


def read_order(receive: Callable[[int], bytes]) -> Order:
    """Return the order that comes.

    Args:
        receive: returns exactly so many bytes.
    """
    head_bytes, data_bytes = _LENGTHS.unpack(receive(_LENGTHS.size))
    head = json.loads(receive(head_bytes))
    task, now, names = Task(head["task"]), datetime.fromisoformat(head["now"]), tuple(map(str, head["names"]))
    return Order(task, str(head["site"]), now, receive(data_bytes), names, int(head["most_bytes"]))


async def read_answer(stream: asyncio.StreamReader) -> Answer:
    """Return the answer that comes.

    Raises:
        ValueError: it has not the form of one, or is too large.
        IncompleteReadError, ConnectionError: the process ended before.
    """
    head_bytes, data_bytes = _LENGTHS.unpack(await stream.readexactly(_LENGTHS.size))
    if head_bytes > MAX_HEAD_BYTES or data_bytes > MAX_DATA_BYTES:
        raise ValueError("the answer of a check is too large")
    head, data = await stream.readexactly(head_bytes), await stream.readexactly(data_bytes)
    return parse_answer(head, data)


def parse_answer(head: bytes, data: bytes) -> Answer:
    """Return an answer from what came.

    Raises:
        ValueError: it has not the form of one (`pydantic.ValidationError` is one, too).
    """
    found = _HEAD.validate_json(head)
    reports = (found.report, *found.report.badges) if found.report is not None else ()
    if any(tuple(check.name for check in each.checks) != CHECK_NAMES for each in reports):
        raise ValueError("the answer of a check has not the five checks")
    return Answer(data, found.report, found.codes, found.refusal)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no part of an answer")
