"""Reads the YAML in notebooks of other people: plain values only, no tags, no aliases (which can grow without end)."""

from __future__ import annotations

from typing import Any

import yaml

from courses.errors import NotebookError


def load_settings(text: str, *, where: str) -> dict[str, Any]:
    """Return YAML `text` as a table; an empty text is an empty one.

    Raises:
        NotebookError: it is no YAML, no table, or uses tags or aliases.
    """
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise NotebookError("its settings use YAML aliases (*name)", where=where, remedy="Write the values out.")
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as broken:
        told = " ".join(str(broken).split())[:200] or type(broken).__name__
        raise NotebookError(f"its settings are no YAML: {told}", where=where, remedy="Correct them in the source.") from broken
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise NotebookError("its settings are no table of names and values", where=where, remedy="Write `name: value`, one a line.")
    return value
