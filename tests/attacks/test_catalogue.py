"""How many attacks there are, and that each has a name of its own: the report's rows are told apart by it."""

from __future__ import annotations

from pathlib import Path

from tests.attacks import (
    report,
    test_escaping,
    test_exhausting,
    test_links_and_races,
    test_lying_to_the_wire,
    test_metadata_and_paths,
    test_outputs_and_exports,
    test_reading,
    test_surviving,
    test_tampering,
    test_verdict_forging,
)
from tests.attacks.arena import LAYERS

BY_LAYER = (*test_escaping.ATTACKS, *test_reading.ATTACKS, *test_tampering.ATTACKS, *test_exhausting.ATTACKS)


def test_there_are_enough_attacks_and_each_has_a_name_of_its_own() -> None:
    cheats = [name for name, cheat in test_verdict_forging.CHEATS.items() if cheat.earns_in_one_process]
    tables = [
        [attack.name for attack in BY_LAYER], cheats, test_surviving.SURVIVORS, test_exhausting.OUTPUTS, test_exhausting.LOOPS, test_exhausting.BOMBS,
        test_lying_to_the_wire.GIANTS, test_lying_to_the_wire.NAMED, test_metadata_and_paths.LIES, test_metadata_and_paths.ODD,
        test_metadata_and_paths.BROKEN, test_links_and_races.LINKS, test_outputs_and_exports.FORMULAS,
    ]  # fmt: skip
    names = [name for table in tables for name in table]
    assert len(names) >= 2 * report.LEAST
    assert len(set(names)) == len(names)


def test_every_layer_that_can_be_taken_away_stops_an_attack() -> None:
    named = {layer for attack in BY_LAYER for layer in attack.stopped_by} | {
        layer for each in test_surviving.SURVIVORS.values() for layer in each.stopped_by
    }
    assert named == set(LAYERS) - {"uts"}


WHOLE = {"attacked_course", "catalogue", "forked_kernel"}
"""Files of no family: a whole course that is attacked, this one, and all of the others' attacks on the sandbox in a kernel of the product."""


def test_every_family_has_attacks_that_are_seen_to_succeed_without_their_defence() -> None:
    families = {path.stem.removeprefix("test_"): path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py")}
    recorded = {name for name, text in families.items() if "record: Record" in text and name != "catalogue"}
    assert families.keys() - recorded == WHOLE
