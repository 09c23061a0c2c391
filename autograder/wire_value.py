"""The root of what crosses a process boundary as JSON."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class WireValue(BaseModel):
    """A frozen value with a JSON form; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
