"""Messages between the coordinator and its worker processes: four bytes of length, then JSON. Read with a limit, and never waited for in the middle."""

from __future__ import annotations

import socket
import struct

_LENGTH = struct.Struct("!I")
_READ = 1 << 20


class FrameError(Exception):
    """What came is no message, or too long."""


def send_frame(channel: socket.socket, message: bytes) -> None:
    """Send one message.

    Raises:
        OSError: the other side has gone.
    """
    channel.sendall(_LENGTH.pack(len(message)) + message)


def read_frame(channel: socket.socket) -> bytes | None:
    """Wait for the next message and return it; None if the other side has gone."""
    header = _read_exactly(channel, _LENGTH.size)
    return None if header is None else _read_exactly(channel, _LENGTH.unpack(header)[0])


def _read_exactly(channel: socket.socket, count: int) -> bytes | None:
    data = bytearray()
    while len(data) < count:
        part = channel.recv(min(_READ, count - len(data)))
        if not part:
            return None
        data += part
    return bytes(data)


class Inbox:
    """What has come from one worker so far; a worker that stops in the middle of a message holds nobody up."""

    def __init__(self, channel: socket.socket, *, maximum_bytes: int = 1 << 20) -> None:
        self.maximum_bytes = maximum_bytes
        """How long a message may be."""
        self._channel, self._data = channel, bytearray()

    def take(self) -> list[bytes]:
        """Read what is there, and return the messages that are complete; to be called when the channel can be read.

        Raises:
            EOFError: the worker has gone.
            FrameError: a message is longer than is taken.
        """
        try:
            part = self._channel.recv(_READ, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return []
        except OSError as gone:
            raise EOFError from gone
        if not part:
            raise EOFError
        self._data += part
        return self._complete()

    def _complete(self) -> list[bytes]:
        messages = []
        while len(self._data) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._data)
            if length > self.maximum_bytes:
                raise FrameError(f"a message of {length} bytes")
            if len(self._data) < _LENGTH.size + length:
                break
            messages.append(bytes(self._data[_LENGTH.size : _LENGTH.size + length]))
            del self._data[: _LENGTH.size + length]
        return messages
