"""What the learner's side tells of its objects when it is asked: fields, parameters, annotations."""

from __future__ import annotations

import copy
import inspect
import typing
from typing import Any


class Telling:
    """Answers questions about objects."""

    def _do_plain_fields(self, thing: Any) -> dict[str, Any]:
        return {name: value for name, value in vars(thing).items() if type(value) in {bool, int, float, str, list, tuple, dict}}

    def _do_changed_copy(self, thing: Any, name: str, value: Any) -> Any:
        made = copy.copy(thing)
        object.__setattr__(made, name, value)
        return made

    def _do_fields(self, thing: Any) -> list[str]:
        return list(thing.__dataclass_fields__)

    def _do_inspect(self, name: str, thing: Any) -> bool:
        return bool(getattr(inspect, name)(thing))

    def _do_type_hints(self, thing: Any) -> dict[str, Any]:
        return typing.get_type_hints(thing)

    def _do_signature(self, thing: Any) -> tuple[list[tuple[str, int, bool, Any, bool, Any]], bool, Any]:
        told = inspect.signature(thing)
        empty = inspect.Parameter.empty
        parameters = [
            (
                each.name,
                int(each.kind),
                each.default is not empty,
                _unless(each.default),
                each.annotation is not empty,
                _unless(each.annotation),
            )
            for each in told.parameters.values()
        ]
        return parameters, told.return_annotation is not told.empty, _unless(told.return_annotation)


def _unless(value: Any) -> Any:
    return None if value is inspect.Parameter.empty else value
