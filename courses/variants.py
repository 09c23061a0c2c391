"""Learner variants: what the manifest may say of them, the pool that is drawn from it, and which of the pool is whose. Pure.

1. The variants of an assignment are a pool of rows, each with a value for every parameter: the author's own (`fixed`), or drawn (`drawn`).
2. A drawn value is a function of the course's key, the assignment, the row's number and the parameter's name, by HMAC-SHA256: nobody knows it before the release,
   and a release of the same table gives the same pool. Another parameter's change changes no value of this one.
3. Which row is a learner's is a function of the assignment's salt and the learner's name, by HMAC-SHA256. The salt comes from the key and is public with the
   pool, so that the learner's notebook and the grader find the same row, and only the grader's finding counts.

The reasons stand in `docs/decisions/0008-learner-variants.md`.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import keyword
from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Annotated, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from courses.typed_toml import TypedTable

Scalar = bool | int | float | str
Value = Scalar | tuple[Scalar | tuple[Scalar, ...], ...]
"""What a parameter may be: a number, a text, a truth value, a list of them, or a list of such lists."""
_FORM = "patunay variants 1"
_TRIES = 20
"""For each row that is wanted, so many are drawn at most to find one that is not there yet."""


def _parameter_name(name: str) -> str:
    if not (name.isidentifier() and name.isascii()) or keyword.iskeyword(name) or name.startswith("_"):
        raise ValueError(f"{name!r} cannot be a parameter: use a Python name without an underscore in front")
    return name


Parameter = Annotated[str, AfterValidator(_parameter_name)]
Values = dict[Parameter, Value]
"""A row: each parameter with its value."""


class VariantTable(TypedTable):
    """A table whose texts are data: spaces at their ends stay."""

    model_config = ConfigDict(str_strip_whitespace=False)


class DrawnParameter(VariantTable):
    """How one parameter is drawn; exactly one of `integer`, `decimal`, `choice` and `sample` says it."""

    integer: tuple[int, int] | None = None
    """Whole numbers from the first to the second, both included."""
    step: Annotated[int, Field(ge=1)] = 1
    """Only every so many-th of them."""
    decimal: tuple[float, float] | None = None
    """Numbers from the first to the second, both included, with so many `digits` after the point."""
    digits: Annotated[int, Field(ge=0, le=12)] = 2
    choice: Annotated[tuple[Value, ...], Field(min_length=2)] | None = None
    """One of these."""
    sample: Annotated[tuple[Scalar, ...], Field(min_length=2)] | None = None
    """A list of `size` of these, in any order, each at most as often as it stands here."""
    size: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        said = [name for name in ("integer", "decimal", "choice", "sample") if getattr(self, name) is not None]
        if len(said) != 1:
            raise ValueError(
                "a drawn parameter says one of integer, decimal, choice and sample" + (f", not {' and '.join(said)}" if said else "")
            )
        owners = {"step": "integer", "digits": "decimal", "size": "sample"}
        stray = [name for name in owners if name in self.model_fields_set and owners[name] != said[0]]
        if stray:
            raise ValueError(f"{stray[0]} goes with {owners[stray[0]]}, not with {said[0]}")
        if self.sample is not None and not 1 <= (self.size or 0) <= len(self.sample):
            raise ValueError(f"size must say how many of the {len(self.sample)} are drawn")
        if self._count() < 1:
            raise ValueError("there is nothing between the two limits, the smaller one first")
        return self

    def _count(self) -> int:
        """Return how many single values there are to choose from."""
        if self.integer is not None:
            return (self.integer[1] - self.integer[0]) // self.step + 1
        if self.decimal is not None:
            low, high = self._steps()
            return high - low + 1
        return len(self.choice or self.sample or ())

    def _steps(self) -> tuple[int, int]:
        """Return the limits of `decimal`, counted in its last digit."""
        low, high = self.decimal or (0.0, 0.0)
        steps = [Decimal(repr(low)).scaleb(self.digits), Decimal(repr(high)).scaleb(self.digits)]
        return int(steps[0].to_integral_value(ROUND_CEILING)), int(steps[1].to_integral_value(ROUND_FLOOR))

    def drawn(self, numbers: Iterator[int]) -> Value:
        """Return a value, chosen by the large numbers that `numbers` gives for ever."""
        place = next(numbers) % self._count()
        if self.integer is not None:
            return self.integer[0] + self.step * place
        if self.decimal is not None:
            return float(Decimal(self._steps()[0] + place).scaleb(-self.digits))
        if self.choice is not None:
            return self.choice[place]
        left = list(self.sample or ())
        return tuple(left.pop(number % len(left)) for number in itertools.islice(itertools.chain([place], numbers), self.size))


class Variants(VariantTable):
    """What an assessment's `variants` says: rows that the author wrote, or how they are drawn."""

    fixed: Annotated[tuple[Annotated[Values, Field(min_length=1)], ...], Field(min_length=2)] | None = None
    drawn: Annotated[dict[Parameter, DrawnParameter], Field(min_length=1)] | None = None
    pool: Annotated[int, Field(ge=2, le=1000)] = 20
    """How many rows are drawn. Each is rehearsed before a release."""

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.fixed is None) == (self.drawn is None):
            raise ValueError("variants are either fixed or drawn")
        if self.fixed is not None and "pool" in self.model_fields_set:
            raise ValueError("pool goes with drawn: fixed variants are as many as there are")
        for number, row in enumerate(self.fixed or (), start=1):
            if row.keys() != (self.fixed or ())[0].keys():
                raise ValueError(f"fixed variant {number} has other parameters than the first")
        return self

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters' names, in the order of the table."""
        return tuple(self.drawn or (self.fixed or ({},))[0])


class VariantPool(VariantTable):
    """The variants of a released assignment. Public: it holds nothing that decides what another assignment's are."""

    assignment: str
    salt: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    rows: Annotated[tuple[Values, ...], Field(min_length=1)]
    cells: Annotated[dict[str, str], Field(min_length=1)]
    """By notebook, the nbgrader id of its cell tagged `parameters`."""

    def row_of(self, learner: str) -> int:
        """Return which row is the learner's, by the name that they hand in under; counted from 0."""
        digest = hmac.new(bytes.fromhex(self.salt), learner.encode("utf-8", "surrogateescape"), hashlib.sha256).digest()
        return int.from_bytes(digest, "big") % len(self.rows)

    def values_of(self, learner: str) -> Values:
        """Return the learner's values."""
        return self.rows[self.row_of(learner)]

    @property
    def digest(self) -> str:
        """SHA-256 over all that it holds, in hexadecimal."""
        return hashlib.sha256(json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def draw_pool(variants: Variants, assignment: str, key: bytes, cells: dict[str, str]) -> VariantPool:
    """Return the pool of an assignment: `fixed` as it is; of `drawn` as many different rows as `pool` says, fewer where there are not so many.

    Args:
        key: the course's, secret.
        cells: by notebook, the nbgrader id of its cell tagged `parameters`.
    """
    if variants.fixed is not None:
        rows = list(variants.fixed)
    else:
        rows = []
        for number in range(variants.pool * _TRIES):
            row = _drawn_row(variants.drawn or {}, assignment, key, number)
            if row not in rows:
                rows.append(row)
            if len(rows) == variants.pool:
                break
    return VariantPool(assignment=assignment, salt=_hmac(key, "salt", assignment).hex(), rows=tuple(rows), cells=cells)


def _drawn_row(drawn: dict[str, DrawnParameter], assignment: str, key: bytes, number: int) -> Values:
    return {name: how.drawn(_numbers(key, assignment, number, name)) for name, how in drawn.items()}


def _numbers(key: bytes, assignment: str, row: int, name: str) -> Iterator[int]:
    """Yield whole numbers of 256 bits, for ever the same ones."""
    for counter in itertools.count():
        yield int.from_bytes(_hmac(key, "value", assignment, row, name, counter), "big")


def _hmac(key: bytes, *about: str | int) -> bytes:
    return hmac.new(key, json.dumps([_FORM, *about]).encode(), hashlib.sha256).digest()
