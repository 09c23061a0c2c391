"""How the commands tell what a rehearsal found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from portal.cli.output import print_text

if TYPE_CHECKING:
    from autograder.sealed.plan import SealingPlan


def sealing_summary(plan: SealingPlan) -> dict[str, object]:
    """Return the labels of an assignment's tests for machines."""
    return {
        "sealed": plan.count("sealed"),
        "unsealed": plan.count("unsealed"),
        "cannot_be_sealed": plan.count("cannot be sealed"),
        "cells": [
            {"notebook": each.notebook, "cell": each.name, "label": each.label, "mode": each.mode, "causes": list(each.causes),
             "canaries": len(each.canaries), "seconds_sealed": each.seconds_sealed, "seconds_compat": each.seconds_compat,
             "memory_bytes": each.memory_bytes}
            for each in plan.cells
        ],
    }  # fmt: skip


def tell_sealing(plans: Mapping[str, SealingPlan]) -> None:
    """Say how many tests of each assignment are sealed, and why the others are not."""
    for name, plan in plans.items():
        counts = f"{plan.count('sealed')} sealed, {plan.count('unsealed')} unsealed, {plan.count('cannot be sealed')} cannot be sealed"
        print_text(f"{name}: of {len(plan.cells)} tests {counts}.")
        for cell in plan.cells:
            chosen = f" (course.toml: {cell.chosen})" if cell.chosen else ""
            if cell.label != "sealed" or cell.chosen:
                print_text(f"  {cell.notebook}.ipynb, {cell.name}: {cell.label}{chosen}{'; '.join(['', *cell.causes])}")
