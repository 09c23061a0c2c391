"""TOML text becomes a frozen, typed value; whatever is not understood is refused with a sentence that helps.

Rules: unknown keys are refused and the nearest known one is named; every problem of a file is reported at once, each with the path of its
field; nothing is coerced that a reader would not expect (a string is never taken for a number).
"""

from __future__ import annotations

import difflib
import json
import tomllib
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, RootModel, ValidationError

from courses.errors import DiagnosedError


class TypedTable(BaseModel):
    """A TOML table: frozen, strict, closed against unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, str_strip_whitespace=True, allow_inf_nan=False)


Table = TypeVar("Table", bound=BaseModel)


def load_typed(path: Path, model: type[Table], error: type[DiagnosedError], *, tolerant: bool = False) -> Table:
    """Return the file at `path` as a `model`.

    Args:
        tolerant: leave unknown keys out instead of refusing them: for what an older version of ours wrote and froze.

    Raises:
        error: the file is absent, is not TOML, or does not fit; all misfits are named, each with its field.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as missing:
        raise error("there is no such file", where=str(path)) from missing
    except (OSError, UnicodeDecodeError) as unreadable:
        raise error(f"the file cannot be read: {unreadable}", where=str(path)) from unreadable
    return parse_typed(text, model, error, where=str(path), tolerant=tolerant)


def parse_typed(text: str, model: type[Table], error: type[DiagnosedError], *, where: str, tolerant: bool = False) -> Table:
    """Return TOML `text` as a `model`; see `load_typed`."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as not_toml:
        raise error(f"this is not TOML: {not_toml}", where=where, remedy="See https://toml.io for the syntax.") from not_toml
    try:
        return model.model_validate_json(json.dumps(document, default=str), extra="ignore" if tolerant else None)
    except ValidationError as misfit:
        raise error(describe_misfits(misfit, model), where=where, remedy="Correct the fields named above.") from misfit


def describe_misfits(misfit: ValidationError, model: type[BaseModel]) -> str:
    """Return one line for each misfit: the path of the field, then what is wrong with it."""
    lines = [_line(entry["loc"], _sentence(entry, model)) for entry in misfit.errors()]
    return lines[0] if len(lines) == 1 else "\n  - " + "\n  - ".join(lines)


def _line(location: tuple[int | str, ...], told: str) -> str:
    return f"{_path(location)}: {told}" if location else f"the file: {told}"


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for step in location:
        path += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if path else step
    return path


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
        here = _inside(here, step)
    found = _model_in(here)
    return [field.alias or name for name, field in found.model_fields.items()] if found else []


def _inside(annotation: Any, step: int | str) -> Any:
    """Return the annotation of what stands at `step` (a field, a place, a key) of a value so annotated, None if nothing may."""
    model = _model_in(annotation)
    if model is not None:
        field = model.model_fields.get(str(step))
        return field.annotation if field else None
    if isinstance(annotation, type) and issubclass(annotation, RootModel):
        return _inside(annotation.model_fields["root"].annotation, step)
    arguments = get_args(annotation)
    if get_origin(annotation) in {dict, list, tuple} and arguments:
        return arguments[1 if get_origin(annotation) is dict else 0]
    return next((found for found in (_inside(each, step) for each in arguments) if found is not None), None)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model that `annotation` is, also as `Annotated` or one choice of a union."""
    if isinstance(annotation, type):
        return annotation if issubclass(annotation, BaseModel) and not issubclass(annotation, RootModel) else None
    if get_origin(annotation) in {dict, list, tuple}:
        return None
    return next((found for found in map(_model_in, get_args(annotation)) if found is not None), None)
