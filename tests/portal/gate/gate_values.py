"""A gate's report of a small course, as values: one assignment that was rehearsed and mutated, with something wrong of every kind that the page shows."""

from __future__ import annotations

from dataclasses import replace

from autograder.mutation.report import JudgedMutant, MutationReport, NamedScore, Score
from autograder.rehearsal.report import CellScore, CellUse, HostileRuns, PaidForNothing, ReferenceRun, RehearsalLimits, RehearsalReport
from autograder.sealed.plan import CellPlan, SealingPlan
from courses.findings import blocking, warning
from portal.gate.report import GateReport, MatrixRow, Trial

EVIL = "<script>alert(1)</script>\u202e"
DIFF = "--- reference\n+++ mutant\n@@ -2 +2 @@\n def square(n):\n-    return n * n\n+    return n * 2"


def score(points: float | None) -> CellScore:
    return CellScore(notebook="n", name="t", points_possible=2, score=points)


PLAN = SealingPlan(
    assignment="ps1", source_digest="d", environment_digest="e", secret="the secret", notebooks=(),
    cells=(CellPlan(notebook="n", name="t", label="cannot be sealed", causes=("it starts a program",), blank_score=2.0),),
)  # fmt: skip
REHEARSAL = RehearsalReport(
    assignment="ps1",
    limits=RehearsalLimits(cell_timeout_s=10, submission_timeout_s=100, memory_bytes=2**30),
    runs=tuple(ReferenceRun(number=place, seed=place, hash_seed=None, scores=(score(each),)) for place, each in enumerate((2, 1), 1)),
    blank=(score(2),),
    hostile=HostileRuns(
        kinds=("empty",), submissions=1, paid=(PaidForNothing(kind="empty", answer="", notebook="n", name="t", score=2, points_possible=2),)
    ),
    uses=(CellUse(notebook="n", cell="t", seconds=6.0, memory_bytes=2**30),),
)
MUTANT = JudgedMutant(
    id="0123456789ab", notebook="n", cell="square", operator="arithmetic", line=2, diff=DIFF, outcome="survived", slipped_past=("t",)
)
MUTATION = MutationReport(
    assignment="ps1", source_digest="d", environment_digest="e", seed=0, mutants=(MUTANT,),
    answers=(NamedScore(notebook="n", cell="square", score=Score(killed=0, survived=1)),),
    tests=(NamedScore(notebook="n", cell="t", score=Score(killed=0, survived=1)),),
)  # fmt: skip
TRIAL = Trial(key="k", plan=PLAN, rehearsal=REHEARSAL, mutation=MUTATION)
BAD = GateReport(
    course="tiny-course",
    version="1.0.0",
    title=f"Tiny {EVIL}",
    content_hash="a" * 64,
    checked_at="2026-11-23T08:00:00+00:00",
    depth="mutation",
    findings=(
        blocking("R03", f"the untouched notebook earns points {EVIL}", "ps1/n.ipynb, t", "Mend it."),
        warning("Q09", "nothing says who needs it", "course.toml", "Say it."),
    ),
    trials={"ps1": TRIAL},
    outcomes=(("squares", "Compute squares"), ("plans", "Plan")),
    matrix=(MatrixRow("ps1", "n", "t", "test", 2.0, ("squares",)), MatrixRow("ps1", "n", "essay", "manual", 4.0, ("squares",))),
)
GOOD = replace(BAD, title="Tiny", findings=(), trials={}, outcomes=BAD.outcomes[:1])
