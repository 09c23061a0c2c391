"""Frames over a stream socket: trees of None, bool, int, float, str, bytes and lists, and nothing else.

A frame is a fixed header, the lengths of its buffers, the tree as JSON, and the buffers, which hold the tree's bytes. Nothing executable can be written in
it. The reader trusts no number: it allocates only for what has arrived, and refuses a frame beyond `WireLimits` before it parses it.

Two processes that answer each other wait for each other most of the time. Waking one that sleeps takes far longer than a short answer does, so the reader
looks for a moment before it lies down, and lets others have the processor meanwhile.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import time
from dataclasses import dataclass
from typing import Any, NoReturn

Tree = Any
"""None, bool, int, float, str, bytes, or a list of trees. A recursive type would make mypy no wiser: the decoder checks every node."""

_HEADER = struct.Struct("<4sIII")
_LENGTH = struct.Struct("<Q")
_MAGIC = b"pse1"
_CHUNK = 1 << 20
_FIRST = 1 << 13
_LOOKING_S = 100e-6
"""About twice what waking a sleeping process costs."""


class WireError(Exception):
    """What came over the wire is no frame, or more than is taken; the channel is of no use any more. Never leaves the sealed engine."""


class PeerGoneError(WireError):
    """The other process has ended."""


class UnsendableError(WireError):
    """Something of ours cannot go over the wire. Nothing was sent, and the channel is as it was."""


@dataclass(frozen=True, slots=True)
class WireLimits:
    """How much one frame may hold."""

    text_bytes: int = 64 * 2**20
    buffer_bytes: int = 256 * 2**20
    buffers: int = 100_000
    nodes: int = 4_000_000


class _BytesMetError(Exception):
    """A tree holds bytes, or something that no tree may hold."""


def _refuse_bytes(_: object) -> NoReturn:
    raise _BytesMetError


_WRITE: Any = json.encoder.c_make_encoder(  # type: ignore[attr-defined]  # what `JSONEncoder.encode` makes anew each time
    None, _refuse_bytes, json.encoder.encode_basestring_ascii, None, ":", ",", False, False, True
)


def pack(tree: Tree, limits: WireLimits = WireLimits()) -> bytes:
    """Return the frame of `tree`.

    Raises:
        UnsendableError: it is too large, too deep, or holds something else than a tree may.
    """
    buffers: list[bytes] = []

    def put_aside(leaf: object) -> dict[str, int]:
        if type(leaf) is not bytes:
            raise UnsendableError(f"a {type(leaf).__name__} cannot go over the wire")
        buffers.append(leaf)
        return {"": len(buffers) - 1}

    try:
        try:
            text = "".join(_WRITE(tree, 0)).encode("ascii")
        except _BytesMetError:
            text = json.JSONEncoder(separators=(",", ":"), check_circular=False, default=put_aside).encode(tree).encode("ascii")
    except (TypeError, ValueError, RecursionError) as refusal:
        raise UnsendableError(f"this cannot go over the wire: {refusal}") from refusal
    if not buffers and len(text) <= limits.text_bytes:
        return _HEADER.pack(_MAGIC, len(text), 0, 0) + text
    held = sum(map(len, buffers))
    if len(text) > limits.text_bytes or held > limits.buffer_bytes or len(buffers) > limits.buffers:
        raise UnsendableError(f"a message of {(len(text) + held) >> 20} MiB is more than is taken")
    lengths = b"".join(_LENGTH.pack(len(each)) for each in buffers)
    return b"".join((_HEADER.pack(_MAGIC, len(text), len(buffers), held), lengths, text, *buffers))


def unpack(text: bytes, buffers: list[bytes], limits: WireLimits = WireLimits()) -> Tree:
    """Return the tree written in `text`, whose bytes lie in `buffers`.

    Raises:
        WireError: it is no tree.
    """
    if text.count(b",") + text.count(b"[") > limits.nodes:
        raise WireError("the message has too many parts")

    if not buffers:
        return _parse(_READER, text)

    def fetch(leaf: dict[str, object]) -> bytes:
        index = leaf.get("")
        if len(leaf) != 1 or type(index) is not int or not 0 <= index < len(buffers):
            raise WireError("the message names a buffer that it does not have")
        return buffers[index]

    return _parse(json.JSONDecoder(object_hook=fetch), text)


def _parse(reader: json.JSONDecoder, text: bytes) -> Tree:
    try:
        tree, end = reader.raw_decode(text.decode("ascii"))
        if end != len(text):
            raise ValueError
        return tree
    except (ValueError, RecursionError) as refusal:
        raise WireError(f"the message is malformed: {type(refusal).__name__}") from refusal


def _no_buffer(_: dict[str, object]) -> NoReturn:
    raise WireError("the message names a buffer that it does not have")


_READER = json.JSONDecoder(object_hook=_no_buffer)


class Channel:
    """One end of the connection. After any error it is shut for good: half a message may be in it."""

    def __init__(self, connection: socket.socket, limits: WireLimits = WireLimits()) -> None:
        self._connection, self._limits = connection, limits
        self._ahead, self._at = b"", 0
        self.is_shut = False

    def send(self, tree: Tree) -> None:
        """Send one tree. A tree that cannot be packed leaves the channel as it was.

        Raises:
            WireError: it cannot be packed, or the other end is gone.
        """
        self._refuse_if_shut()
        frame = pack(tree, self._limits)
        self.is_shut = True
        try:
            self._connection.sendall(frame)
        except OSError as gone:
            raise PeerGoneError("the other process does not listen any more") from gone
        self.is_shut = False

    def receive(self) -> Tree:
        """Wait for one tree.

        Raises:
            WireError: what came is no frame, or the other end is gone.
        """
        self._refuse_if_shut()
        self.is_shut = True
        if self._at == len(self._ahead):
            self._ahead, self._at = self._first(), 0
        magic, text_length, count, held = _HEADER.unpack(self._exactly(_HEADER.size))
        if magic != _MAGIC or text_length > self._limits.text_bytes or count > self._limits.buffers or held > self._limits.buffer_bytes:
            raise WireError("what came is no message, or too long")
        if not count and not held and self._at + text_length == len(self._ahead):  # as most are: short, and come at once
            text, self._ahead, self._at = self._ahead[self._at :], b"", 0
            tree = unpack(text, [], self._limits)
            self.is_shut = False
            return tree
        lengths = [length for (length,) in _LENGTH.iter_unpack(self._exactly(_LENGTH.size * count))]
        if sum(lengths) != held:
            raise WireError("the message's lengths do not add up")
        text = self._exactly(text_length)
        tree = unpack(text, [self._exactly(length) for length in lengths], self._limits)
        self.is_shut = False
        return tree

    def close(self) -> None:
        """End the connection; the other side notices."""
        self.is_shut = True
        self._connection.close()

    def _refuse_if_shut(self) -> None:
        if self.is_shut:
            raise PeerGoneError("the connection is shut after an earlier failure")

    def _exactly(self, length: int) -> bytes:
        """Return the next bytes; what came with them stays for the next."""
        if length and self._at == len(self._ahead):
            self._ahead, self._at = self._first(), 0
        data = self._ahead[self._at : self._at + length]
        self._at += len(data)
        if len(data) == length:
            return data
        received = bytearray(data)
        while len(received) < length:
            received += self._some(min(_CHUNK, length - len(received)))
        return bytes(received)

    def _first(self) -> bytes:
        """Return what is there, looking for a moment before waiting for it."""
        ends = time.perf_counter() + _LOOKING_S
        while time.perf_counter() < ends:
            try:
                data = self._connection.recv(_FIRST, socket.MSG_DONTWAIT)
            except BlockingIOError:
                os.sched_yield()
                continue
            except OSError as gone:
                raise PeerGoneError("the connection is lost") from gone
            return self._something(data)
        return self._some(_FIRST)

    def _some(self, most: int) -> bytes:
        try:
            data = self._connection.recv(most)
        except OSError as gone:
            raise PeerGoneError("the connection is lost") from gone
        return self._something(data)

    @staticmethod
    def _something(data: bytes) -> bytes:
        if not data:
            raise PeerGoneError("the other process has ended")
        return data
