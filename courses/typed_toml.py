"""TOML text becomes a frozen, typed value; whatever is not understood is refused with a sentence that helps.

Rules: unknown keys are refused and the nearest known one is named; every problem of a file is reported at once, each with the path of its
field; nothing is coerced that a reader would not expect (a string is never taken for a number).
"""

from __future__ import annotations

import difflib
import json
import tomllib
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from courses.errors import DiagnosedError


class TypedTable(BaseModel):
    """A TOML table: frozen, strict, closed against unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, str_strip_whitespace=True)


Table = TypeVar("Table", bound=BaseModel)


def load_typed(path: Path, model: type[Table], error: type[DiagnosedError]) -> Table:
    """Return the file at `path` as a `model`.

    Raises:
        error: the file is absent, is not TOML, or does not fit; all misfits are named, each with its field.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as missing:
        raise error("there is no such file", where=str(path)) from missing
    except (OSError, UnicodeDecodeError) as unreadable:
        raise error(f"the file cannot be read: {unreadable}", where=str(path)) from unreadable
    return parse_typed(text, model, error, where=str(path))


def parse_typed(text: str, model: type[Table], error: type[DiagnosedError], *, where: str) -> Table:
    """Return TOML `text` as a `model`; see `load_typed`."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as not_toml:
        raise error(f"this is not TOML: {not_toml}", where=where, remedy="See https://toml.io for the syntax.") from not_toml
    try:
        return model.model_validate_json(json.dumps(document, default=str))
    except ValidationError as misfit:
        raise error(describe_misfits(misfit, model), where=where, remedy="Correct the fields named above.") from misfit


def describe_misfits(misfit: ValidationError, model: type[BaseModel]) -> str:
    """Return one line for each misfit: the path of the field, then what is wrong with it."""
    lines = [f"{_path(entry['loc'])}: {_sentence(entry, model)}" for entry in misfit.errors()]
    return lines[0] if len(lines) == 1 else "\n  - " + "\n  - ".join(lines)


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for step in location:
        path += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if path else step
    return path or "the file"


def _sentence(entry: Any, model: type[BaseModel]) -> str:
    if entry["type"] == "extra_forbidden":
        known = _keys_at(model, entry["loc"][:-1])
        near = difflib.get_close_matches(str(entry["loc"][-1]), known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known keys are {', '.join(sorted(known))}"
        return f"unknown key; {hint}"
    if entry["type"] == "missing":
        return "this field is required"
    message = str(entry["msg"]).removeprefix("Value error, ")
    shown = repr(entry.get("input"))
    return message if entry["type"] == "value_error" or len(shown) > 60 else f"{message} (found {shown})"


def _keys_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Return the keys known at `location`, going down through nested models, lists and maps."""
    here: Any = model
    for step in location:
        if isinstance(here, type) and issubclass(here, BaseModel):
            field = here.model_fields.get(str(step))
            here = _model_inside(field.annotation) if field else None
    if isinstance(here, type) and issubclass(here, BaseModel):
        return [field.alias or name for name, field in here.model_fields.items()]
    return []


def _model_inside(annotation: Any) -> Any:
    """Return the first model within an annotation such as `tuple[Outcome, ...] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in get_args(annotation):
        found = _model_inside(inner)
        if found is not None:
            return found
    return None
