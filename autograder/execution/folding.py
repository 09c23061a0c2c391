"""Folds a kernel's messages into a cell's outputs, as nbclient does. What a kernel says is the learner's word: what does not fit is dropped.

One thing is different on purpose: a display is updated only by the cell that made it. In nbclient a later cell changes what an earlier one showed, a test too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_MAXIMUM_OUTPUTS = 2000


_SHOWING = frozenset({"stream", "error", "execute_result", "display_data"})


@dataclass(slots=True)
class CellOutputs:
    """The outputs of one cell as its messages come in."""

    outputs: list[dict[str, Any]] = field(default_factory=list)
    """nbformat outputs as plain JSON."""
    _clears_at_next: bool = False

    def take(self, kind: str, content: dict[str, Any]) -> None:
        """Take one kernel message: streams join, `clear_output` clears now or when there is something else to show, displays with an id are updated."""
        if kind == "clear_output" and content.get("wait"):
            self._clears_at_next = True
            return
        if self._clears_at_next and kind in _SHOWING:
            self.outputs.clear()
            self._clears_at_next = False
        fold_message(kind, content, self.outputs)


def fold_message(kind: str, content: dict[str, Any], outputs: list[dict[str, Any]]) -> None:
    """Add one kernel message to a cell's outputs; see `CellOutputs.take`."""
    if kind == "stream":
        name, text = content.get("name"), content.get("text")
        if name in {"stdout", "stderr"} and isinstance(text, str):
            if outputs and outputs[-1]["output_type"] == "stream" and outputs[-1]["name"] == name:
                outputs[-1]["text"] += text
            elif len(outputs) < _MAXIMUM_OUTPUTS:
                outputs.append({"output_type": "stream", "name": name, "text": text})
    elif kind == "clear_output":
        outputs.clear()
    elif kind == "error" and len(outputs) < _MAXIMUM_OUTPUTS + 1:  # the last place is the error's that ended the cell
        lines = content.get("traceback")
        traceback = [str(line) for line in lines] if isinstance(lines, list) else []
        outputs.append(
            {"output_type": "error", "ename": str(content.get("ename")), "evalue": str(content.get("evalue")), "traceback": traceback}
        )
    elif kind in {"execute_result", "display_data", "update_display_data"}:
        _fold_display(kind, content, outputs)


def _fold_display(kind: str, content: dict[str, Any], outputs: list[dict[str, Any]]) -> None:
    data = content.get("data")
    if not isinstance(data, dict):
        return
    clean = {str(mime): value for mime, value in data.items() if isinstance(value, str) or "json" in str(mime)}
    shown = content.get("metadata") if isinstance(content.get("metadata"), dict) else {}
    transient = content.get("transient")
    display_id = transient.get("display_id") if isinstance(transient, dict) else None
    for output in outputs:
        if display_id is not None and output.get("_display_id") == display_id:
            output["data"], output["metadata"] = clean, shown
    if kind == "update_display_data":
        return
    if len(outputs) >= _MAXIMUM_OUTPUTS:
        return
    shown_now: dict[str, Any] = {"output_type": kind, "data": clean, "metadata": shown}
    if kind == "execute_result":
        count = content.get("execution_count")
        shown_now["execution_count"] = count if isinstance(count, int) else None
    if display_id is not None:
        shown_now["_display_id"] = display_id
    outputs.append(shown_now)
