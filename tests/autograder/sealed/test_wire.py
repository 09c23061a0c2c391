"""Frames: what goes in comes out, and no bytes do any harm."""

from __future__ import annotations

import pickle
import socket
import struct
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.sealed.wire import Channel, PeerGoneError, UnsendableError, WireError, WireLimits, pack, unpack

LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text() | st.binary()
TREES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=5), max_leaves=25)
SMALL = WireLimits(text_bytes=1 << 16, buffer_bytes=1 << 16, buffers=50, nodes=1000)


def read(data: bytes, limits: WireLimits = SMALL) -> Any:
    """Return what a channel makes of bytes after which the other end is closed."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sender = threading.Thread(target=_send_all, args=(theirs, data))
        sender.start()
        try:
            return Channel(ours, limits).receive()
        finally:
            ours.close()
            sender.join()


def _send_all(end: socket.socket, data: bytes) -> None:
    end.sendall(data)
    end.shutdown(socket.SHUT_WR)


@given(TREES)
@settings(max_examples=150, deadline=None)
def test_a_tree_arrives_as_it_was_sent(tree: Any) -> None:
    arrived = read(pack(tree), WireLimits())
    assert arrived == tree
    assert repr(arrived) == repr(tree)  # 1 is not True, -0.0 is not 0.0


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_random_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        read(data)


@given(st.binary(max_size=200), st.lists(st.binary(max_size=20), max_size=3))
@settings(max_examples=300, deadline=None)
def test_a_frame_with_random_contents_is_a_tree_or_refused(text: bytes, buffers: list[bytes]) -> None:
    try:
        tree = unpack(text, buffers, SMALL)
    except WireError:
        return
    assert type(tree) in {type(None), bool, int, float, str, bytes, list}


@pytest.mark.parametrize("place", [4, 8, 12])
def test_a_frame_that_claims_to_be_huge_is_refused_before_it_is_read(place: int) -> None:
    frame = bytearray(pack([b"x"]))
    struct.pack_into("<I", frame, place, 0xFFFFFFFF)
    with pytest.raises(WireError, match="too long"):
        read(bytes(frame), WireLimits())


def test_many_parts_and_deep_nesting_are_refused() -> None:
    with pytest.raises(WireError, match="too many parts"):
        unpack(b"[" + b"0," * 5000 + b"0]", [], SMALL)
    with pytest.raises(WireError, match="malformed"):
        unpack(b"[" * 100_000, [], WireLimits())


def test_objects_with_keys_and_other_things_are_no_trees() -> None:
    for text in (b'{"a": 1}', b'{"": 3}', b'{"": -1}', b'{"": true}', b'{"": 0, "x": 1}'):
        with pytest.raises(WireError, match="buffer"):
            unpack(text, [b""], SMALL)
    with pytest.raises(UnsendableError, match="cannot go over"):
        pack([object()])


def test_a_pickle_is_no_message() -> None:
    with pytest.raises(WireError, match="no message"):
        read(pickle.dumps(ValueError("x")) * 3)


def test_a_channel_is_of_no_use_after_half_a_message() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        channel = Channel(ours)
        theirs.sendall(pack([1])[:10])
        theirs.close()
        for _ in range(2):
            with pytest.raises(PeerGoneError):
                channel.receive()
        with pytest.raises(PeerGoneError, match="shut"):
            channel.send([1])


def test_what_cannot_be_packed_leaves_the_channel_as_it_was() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with pytest.raises(UnsendableError, match="more than is taken"):
            Channel(ours, SMALL).send(b"x" * (1 << 17))
        channel = Channel(ours, SMALL)
        with pytest.raises(UnsendableError):
            channel.send([object()])
        channel.send([2])
        assert Channel(theirs).receive() == [2]


def test_frames_that_arrive_together_are_read_one_by_one() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        trees: list[Any] = [[n, "x" * n, b"y" * n] for n in range(60)]
        theirs.sendall(b"".join(map(pack, trees)))
        channel = Channel(ours)
        assert [channel.receive() for _ in trees] == trees
        theirs.close()
        with pytest.raises(PeerGoneError, match="ended"):
            channel.receive()
