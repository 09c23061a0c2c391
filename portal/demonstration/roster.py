"""The simulated learners: who they are and how they behave. Names are invented; how they behave is what graders meet in real courses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a simulated learner works."""

    HONEST = "all correct"
    PARTIAL = "partly correct"
    RESUBMITS = "resubmits after failing"
    WRONG = "wrong"
    LATE = "late"
    MISSING = "one notebook missing"
    LOOPS = "a cell that loops for ever"
    KILLS = "a cell that kills its kernel"
    DUPLICATES = "a duplicated cell"
    STEALS = "a hidden-test thief"


@dataclass(frozen=True, slots=True)
class SimulatedLearner:
    """One of them."""

    id: str
    first_name: str
    last_name: str
    kind: Kind
    shows_name: bool
    """Whether they agree that their name stands in their credentials."""

    @property
    def email(self) -> str:
        """Their address, in a domain that cannot exist."""
        return f"{self.id}@learners.bayanihan.example"


_PEOPLE = (
    ("maria.santos", "Maria Consuelo", "Santos"),
    ("jose.penaflor", "José", "Peñaflor"),
    ("liza.bautista", "Liza", "Bautista"),
    ("rodel.catacutan", "Rodél", "Catacutan"),
    ("aisha.macapanton", "Aisha", "Macapanton"),
    ("paolo.villanueva", "Paolo", "Villanueva"),
    ("grace.tan", "Grace", "Tan"),
    ("noel.agbayani", "Noel", "Agbayani"),
    ("cora.ilagan", "Corazon", "Ilagan"),
    ("bea.ong", "Beatriz", "Ong"),
    ("mikaela.delacruz", "Mikaela Angela Josefina", "de la Cruz-Macaraeg"),
    ("datu.sinsuat", "Datu", "Sinsuat"),
)
_KINDS = (
    Kind.HONEST, Kind.PARTIAL, Kind.RESUBMITS, Kind.WRONG, Kind.LATE, Kind.MISSING, Kind.LOOPS, Kind.KILLS, Kind.DUPLICATES, Kind.STEALS, Kind.HONEST,
    Kind.HONEST,
)  # fmt: skip
_HIDES_NAME = 11
"""The place in the roster of the learner who does not want to be named."""


def make_roster(count: int) -> tuple[SimulatedLearner, ...]:
    """Return `count` learners; the first ten are of ten kinds, after twelve it begins anew with numbered ids."""
    learners = []
    for index in range(count):
        round_, place = divmod(index, len(_PEOPLE))
        name, first, last = _PEOPLE[place]
        learners.append(SimulatedLearner(f"{name}{round_ + 1}" if round_ else name, first, last, _KINDS[place], place != _HIDES_NAME))
    return tuple(learners)
