"""Whatever bytes and trees the other side sends: they are refused, or they are plain values; and reading them costs no more than they are long."""

from __future__ import annotations

import collections
import copy
import random
import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import pytest

from autograder.sealed import codec, values
from autograder.sealed.codec import Decoder, Encoder
from autograder.sealed.wire import Tree, WireError, WireLimits, pack
from tests.autograder.sealed.test_exact_values import ARRAYS, FRAMES, INDEXES, LIBRARY, MASKED, NUMBERS, SERIES
from tests.autograder.sealed.test_symbolic import EXPRESSIONS
from tests.autograder.sealed.test_values import Plain
from tests.autograder.sealed.test_wire import read

values.load_types()
NESTED: list[Any] = [
    {"a": [1, (2.5, {3, 4})], "b": collections.deque([1], 5)},
    [1, "é\ud83d", b"x", None, True, 10**30],
    collections.Counter("aab"),
]
VALID = [*NESTED, *ARRAYS.values(), *MASKED, *NUMBERS, *LIBRARY, *FRAMES.values(), *SERIES.values(), *INDEXES.values(), *EXPRESSIONS]
ODD_PARTS: list[Any] = [
    None, True, -1, 0, 1, 2**31, 2**63, -(2**63), 1e308, float("nan"), "", "O", "<i8", "M8[s]", "<U1000000", "\ud83d", b"", b"\0" * 8, b"x" * 64, [], [[]], ["l"], ["@", 0],
    ["@", 5], ["d", []], ["range", 0, 2**62, 1], ["int", "f" * 99], "Int64", "period[M]", "C", ["sympy", []], "sympy.core.add:Add", ["t", ["@", 0]], ["scalar", "<f8", b"\0" * 8],
]  # fmt: skip


def lists_in(tree: Tree) -> list[list[Tree]]:
    found = [tree] if type(tree) is list else []
    for each in found:
        found += [part for part in each if type(part) is list]
        if len(found) > 500:
            break
    return [each for each in found if each]


def replaced(node: list[Tree], place: int, nodes: list[list[Tree]], chance: random.Random) -> None:
    node[place] = copy.deepcopy(chance.choice(ODD_PARTS))


def doubled(node: list[Tree], place: int, nodes: list[list[Tree]], chance: random.Random) -> None:
    node.insert(place, copy.deepcopy(node[place]))


def left_out(node: list[Tree], place: int, nodes: list[list[Tree]], chance: random.Random) -> None:
    del node[place]


def exchanged(node: list[Tree], place: int, nodes: list[list[Tree]], chance: random.Random) -> None:
    node[place] = copy.deepcopy(chance.choice([part for each in nodes for part in each]))


def renamed(node: list[Tree], place: int, nodes: list[list[Tree]], chance: random.Random) -> None:
    node[0] = chance.choice(list(codec.DECODERS))


def disturbed(node: list[Tree], place: int, nodes: list[list[Tree]], chance: random.Random) -> None:
    part = node[place]
    if type(part) is int:
        node[place] = chance.choice([part + 1, -part, part << 31, 2**63 - 1])
    elif type(part) is bytes:
        node[place] = part[: chance.randrange(9)] + chance.randbytes(chance.randrange(9))


MUTATIONS = [replaced, doubled, left_out, exchanged, renamed, disturbed, disturbed]


def mutated(tree: Tree, chance: random.Random) -> Tree:
    """Return a tree with one to four places of it changed."""
    changed = copy.deepcopy(tree)
    for _ in range(chance.randint(1, 4)):
        nodes = lists_in(changed)
        if not nodes:
            return chance.choice(ODD_PARTS)
        node = chance.choice(nodes)
        chance.choice(MUTATIONS)(node, chance.randrange(len(node)), nodes, chance)
    return changed


def refused_or_decoded(tree: Tree) -> bool:
    """Return whether a tree is refused; anything else than a value or `WireError` fails the test."""
    try:
        Decoder(Plain()).decode(unpack_again(tree))
    except WireError:
        return True
    return False


def unpack_again(tree: Tree) -> Tree:
    """Return the tree as it arrives."""
    return tree if type(tree) is not list else [unpack_again(each) for each in tree]


def mutate_many(count: int, seed: int) -> tuple[int, int]:
    chance = random.Random(seed)
    trees = [Encoder(Plain()).encode(value) for value in VALID]
    refused = sum(refused_or_decoded(mutated(chance.choice(trees), chance)) for _ in range(count))
    return refused, count - refused


@pytest.mark.filterwarnings("ignore")
def test_hundreds_of_altered_values_are_refused_or_plain() -> None:
    refused, decoded = mutate_many(600, seed=1)
    assert refused > 100
    assert decoded > 20


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(2, 22))
def test_thousands_of_altered_values_are_refused_or_plain(seed: int) -> None:
    refused, decoded = mutate_many(1500, seed)
    assert refused > 100
    assert decoded > 20


def altered_frames(count: int, seed: int) -> None:
    chance = random.Random(seed)
    frames = [pack(Encoder(Plain()).encode(value)) for value in VALID[:40]]
    small = WireLimits(text_bytes=1 << 20, buffer_bytes=1 << 20, buffers=1000, nodes=100_000)
    for _ in range(count):
        data = bytearray(chance.choice(frames))
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        cut = chance.randrange(len(data)) if chance.random() < 0.3 else len(data)
        try:
            Decoder(Plain()).decode(read(bytes(data[:cut]), small))
        except WireError:
            continue


@pytest.mark.filterwarnings("ignore")
def test_hundreds_of_altered_and_cut_frames_are_refused_or_plain() -> None:
    altered_frames(300, seed=1)


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(2, 12))
def test_thousands_of_altered_and_cut_frames_are_refused_or_plain(seed: int) -> None:
    altered_frames(1000, seed)


@pytest.mark.parametrize("order", ["<", ">"])
def test_an_array_of_texts_with_characters_that_do_not_exist_is_refused(order: str) -> None:
    data = b"\x00\x00\x11\x00" if order == "<" else b"\x00\x11\x00\x00"
    with pytest.raises(WireError, match="characters that do not exist"):
        Decoder(Plain()).decode(["array", f"{order}U1", [1], "C", data])
    good = "\U0010ffff".encode("utf-32-le" if order == "<" else "utf-32-be")
    assert Decoder(Plain()).decode(["array", f"{order}U1", [1], "C", good]).tolist() == ["\U0010ffff"]


def test_keys_that_were_chosen_to_collide_are_refused() -> None:
    modulus = 2**61 - 1
    colliding: list[Tree] = [["int", f"{place * modulus:x}"] for place in range(1, 1500)]
    plain: list[Tree] = list(range(50_000))
    for node in (["s", *plain, *colliding], ["f", *colliding], ["d", [part for key in [*plain, *colliding] for part in (key, 0)]]):
        with pytest.raises(WireError, match="collide"):
            Decoder(Plain()).decode(node)
    assert len(Decoder(Plain()).decode(["s", *plain])) == 50_000


def test_a_key_that_occurs_twice_is_no_more_than_a_key() -> None:
    assert Decoder(Plain()).decode(["d", ["a", 1, "a", 2]]) == {"a": 2}


@pytest.mark.parametrize(
    "node",
    [
        ["array", "<f8", [1 << 40], "C", b""], ["array", "<U1000000000", [1], "C", b""], ["array", "O", [1 << 40], []], ["array", ["texts", "none", True], [1 << 40], []],
        ["frame", ["range", 0, 1 << 40, 1, None], ["range", 0, 1 << 40, 1, None], [], None, True], ["scalar", "<U1000000000", b""], ["masked", ["<f8", [1 << 40], "C", b""], None, None, False],
        ["series", ["range", 0, 1 << 40, 1, None], ["plain", ["<f8", [0], "C", b""]], None, None, True],
        ["series", ["range", 0, 1 << 26, 1, None], ["sparse", ["<f8", [0], "C", b""], ["<i4", [0], "C", b""], 1 << 40, 0.0], None, None, True],
        ["sympy", [["matrix", "sympy.matrices.dense:MutableDenseMatrix", 1 << 20, 1 << 20, []]]], ["bytearray", ["@", 0]], ["deque", 1 << 62, 1],
        ["array", ["record", [["a", "<i8", [1 << 22, 1 << 22], 0]], 8, False, False], [1], "C", b"12345678"],
    ],
)  # fmt: skip
def test_a_size_that_is_only_claimed_takes_no_memory(node: Tree) -> None:
    tracemalloc.start()
    try:
        Decoder(Plain()).decode(node)
    except WireError:
        pass
    finally:
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert most < 20 << 20


def test_deep_nesting_of_every_container_is_refused() -> None:
    for wrap in (
        lambda it: ["l", it],
        lambda it: ["t", it],
        lambda it: ["d", ["a", it]],
        lambda it: ["array", "O", [1], [it]],
        lambda it: ["holder", "UserList", it],
    ):
        node: Tree = 1
        for _ in range(3000):
            node = wrap(node)
        with pytest.raises(WireError):
            Decoder(Plain()).decode(node)


def test_what_numpy_and_pandas_make_of_plain_values_is_of_their_own_types() -> None:
    for value in (*ARRAYS.values(), *FRAMES.values()):
        arrived = Decoder(Plain()).decode(unpack_again(Encoder(Plain()).encode(value)))
        assert type(arrived) in {np.ndarray, pd.DataFrame}
