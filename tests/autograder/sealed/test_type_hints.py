"""Annotations cross by value, and never any text that could be evaluated."""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import Any

import pytest

from autograder.sealed import values
from autograder.sealed.codec import Decoder, Encoder
from autograder.sealed.wire import Tree, WireError
from tests.autograder.sealed.test_values import Plain

values.load_types()
HINTS: list[Any] = [
    list[int], dict[str, list[float]], tuple[int, ...], int | None, typing.List[int], typing.Optional[typing.List[str]], typing.Union[int, str], typing.Any,  # noqa: UP006, UP007, UP045
    typing.Callable[[int, str], bool], typing.Callable[..., int], typing.Literal["a", 1], typing.Iterable[int], typing.Dict[str, typing.Any], typing.Tuple[int, ...], typing.List,  # noqa: UP006
]  # fmt: skip


@pytest.mark.parametrize("hint", HINTS, ids=str)
def test_an_annotation_crosses_by_value(hint: Any) -> None:
    assert Decoder(Plain()).decode(Encoder(Plain()).encode(hint)) == hint


TEXT = "__import__('os').system('true')"
HOSTILE: list[Tree] = [
    ["annotation", "List", [TEXT]], ["annotation", "Callable", [["l", TEXT], ["type", "int"]]], ["annotation", "list", [TEXT]], ["annotation", "|", [TEXT, None]], ["annotation", "ForwardRef", [TEXT]],
    ["annotation", "cast"], ["annotation", "List", []], ["annotation", "Literal", [["l", TEXT]]], ["annotation", "get_type_hints", [None]], ["annotation", 5], ["annotation", "Optional", [None, None, None]],
]  # fmt: skip


@pytest.mark.parametrize("tree", HOSTILE, ids=str)
def test_text_or_what_is_no_annotation_is_refused(tree: Tree) -> None:
    with pytest.raises(WireError, match=r"malformed|wrong type|unknown"):
        Decoder(Plain()).decode(tree)


def test_an_annotation_that_holds_text_is_no_value() -> None:
    for hint in (typing.List["int"], list["int"], Callable[[int], int]):  # noqa: UP006
        assert Encoder(Plain()).encode(hint) == ["reference", type(hint).__name__]
