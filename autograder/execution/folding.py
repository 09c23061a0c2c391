"""Folds a kernel's messages into a cell's outputs, as nbclient does. What a kernel says is the learner's word: what does not fit is dropped."""

from __future__ import annotations

from typing import Any

_MAXIMUM_OUTPUTS = 2000


def fold_message(kind: str, content: dict[str, Any], outputs: list[dict[str, Any]]) -> None:
    """Add one kernel message to a cell's outputs, as nbclient does: streams join, `clear_output` clears, displays with an id are updated."""
    if kind == "stream":
        name, text = content.get("name"), content.get("text")
        if name in {"stdout", "stderr"} and isinstance(text, str):
            if outputs and outputs[-1]["output_type"] == "stream" and outputs[-1]["name"] == name:
                outputs[-1]["text"] += text
            elif len(outputs) < _MAXIMUM_OUTPUTS:
                outputs.append({"output_type": "stream", "name": name, "text": text})
    elif kind == "clear_output":
        outputs.clear()
    elif kind == "error":
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
    if kind == "update_display_data":
        for output in outputs:
            if display_id is not None and output.get("_display_id") == display_id:
                output["data"], output["metadata"] = clean, shown
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
