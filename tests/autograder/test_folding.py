from __future__ import annotations

from typing import Any

from autograder.execution.folding import CellOutputs


def fold(*messages: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    shown = CellOutputs()
    for kind, content in messages:
        shown.take(kind, content)
    return shown.outputs


def printed(text: str) -> tuple[str, dict[str, Any]]:
    return ("stream", {"name": "stdout", "text": text})


def displayed(text: str, display_id: str, kind: str = "display_data") -> tuple[str, dict[str, Any]]:
    return (kind, {"data": {"text/plain": text}, "metadata": {}, "transient": {"display_id": display_id}})


def test_messages_that_do_not_fit_are_dropped() -> None:
    assert (
        fold(
            ("stream", {"name": "stdout", "text": {"no": "text"}}),
            ("stream", {"name": "elsewhere", "text": "x"}),
            ("display_data", {"data": "no map"}),
            ("unheard_of", {}),
        )
        == []
    )
    shown = fold(("display_data", {"data": {"text/html": ["a", "list"], "text/plain": "fine"}, "metadata": 3}))
    assert shown == [{"output_type": "display_data", "data": {"text/plain": "fine"}, "metadata": {}}]


def test_clearing_that_waits_clears_when_there_is_something_else_to_show() -> None:
    waits = ("clear_output", {"wait": True})
    assert [each["text"] for each in fold(printed("old"), waits)] == ["old"]
    assert [each["text"] for each in fold(printed("old"), waits, printed("new"), printed("er"))] == ["newer"]
    assert [each["text"] for each in fold(printed("old"), waits, ("status", {}), displayed("x", "d", "update_display_data"))] == ["old"]
    assert fold(printed("old"), ("clear_output", {"wait": False})) == []


def test_displays_with_one_id_show_the_newest() -> None:
    shown = fold(displayed("one", "d"), displayed("other", "e"), displayed("two", "d"), displayed("three", "d", "update_display_data"))
    assert [each["data"]["text/plain"] for each in shown] == ["three", "other", "three"]


def test_errors_count_among_the_outputs_that_are_kept_and_the_one_that_ends_the_cell_has_its_place() -> None:
    error = ("error", {"ename": "E", "evalue": "x", "traceback": []})
    assert len(fold(*[error] * 5000)) == 2001
    shown = fold(*[displayed("x", str(number)) for number in range(3000)], error, error)
    assert (len(shown), shown[-1]["output_type"]) == (2001, "error")
