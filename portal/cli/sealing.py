"""How the commands tell what a rehearsal found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.cli.output import print_text, say

if TYPE_CHECKING:
    from autograder.sealed.plan import SealingPlan
    from courses.findings import Finding
    from portal.releasing import Rehearsed


def finding_row(finding: Finding) -> dict[str, str]:
    """Return a finding for machines."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "problem": finding.problem,
        "where": finding.where,
        "remedy": finding.remedy,
    }


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


def tell_sealing(rehearsed: Rehearsed, *, findings: bool = True) -> None:
    """Say how many tests of each assignment are sealed, and why the others are not."""
    for name, plan in rehearsed.plans.items():
        counts = f"{plan.count('sealed')} sealed, {plan.count('unsealed')} unsealed, {plan.count('cannot be sealed')} cannot be sealed"
        print_text(f"{name}: of {len(plan.cells)} tests {counts}.")
        for cell in plan.cells:
            chosen = f" (course.toml: {cell.chosen})" if cell.chosen else ""
            if cell.label != "sealed" or cell.chosen:
                print_text(f"  {cell.notebook}.ipynb, {cell.name}: {cell.label}{chosen}{'; '.join(['', *cell.causes])}")
    if rehearsed.obstacle:
        say(f"Not rehearsed: {rehearsed.obstacle}", style="yellow")
    for finding in rehearsed.findings if findings else ():
        say(f"{finding.code} {finding.where}: {finding.problem}. {finding.remedy}", style="yellow")
