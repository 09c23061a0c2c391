"""Which of a learner's attempts counts, as the manifest says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Credited = Literal["last", "best"]


@dataclass(frozen=True, slots=True)
class AttemptRule:
    """Which attempt counts."""

    allowed: int | None = None
    """How many attempts count, the first ones; None: all."""
    credited: Credited = "last"
    """Which of these is credited: the last one, or the one with the best score, of equal ones the earliest."""
    extra: tuple[tuple[str, int], ...] = ()
    """Learners who were granted more attempts than others, and how many more; see `autograder.extensions`."""

    def allowed_for(self, learner: str) -> int | None:
        """Return how many attempts of a learner count, the first ones; None: all."""
        return None if self.allowed is None else self.allowed + dict(self.extra).get(learner, 0)


LAST = AttemptRule()
"""Without a manifest: the last of all."""

AttemptRules = Mapping[str, AttemptRule]
"""By assignment; `LAST` for those that are not in it."""
