"""Every rule of the release gate: its code, its name, and in one sentence why a teacher should care.

One table for each letter; a new rule is a new row, here and in docs/reference/checks.md (tests/docs holds both to what the code says).
A code is never given to another rule: what is dropped leaves a gap.

    Q manifest and quality    N notebooks without running them    A accessibility    L leaks into the learners' version
    W review workflow         S sealing and first rehearsal       R rehearsal        M mutation        V variants
"""

from __future__ import annotations

from dataclasses import dataclass

from courses.findings import Finding


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the release gate."""

    code: str
    name: str
    why: str
    """One sentence for a teacher."""


_QUALITY = {
    "Q02": ("Outcomes that can be observed", "A credential says what somebody can do; nobody can observe that they understand, and nobody reads ten claims."),
    "Q03": ("Hours add up", "The workload is on the credential, and others convert it into credit."),
    "Q04": ("Level", "Others place the award by its level: it has one, or a reason for none, but not both."),
    "Q05": ("Outcomes are assessed", "A credential must not claim an outcome that nothing in the assessment shows."),
    "Q06": ("Pass rule", "A credential that anyone gets says nothing."),
    "Q07": ("Honest assurance", "An employer who relies on an identity that nobody checked is misled by us."),
    "Q08": ("Independent review", "Nobody sees the gaps in their own course."),
    "Q09": ("Evidence of need", "A course that nobody asked for helps its learners to nothing."),
    "Q11": ("Stackability", "A learner should know before enrolling what the award adds up to."),
    "Q12": ("Validity", "Whose credential runs out has to know how to renew it."),
    "Q13": ("Prior learning", "Who knows the subject already should not have to ask around whether that counts."),
    "Q14": ("Title", "The word degree on a micro-credential misleads, and in many countries breaks the law."),
    "Q15": ("Review in time", "What was right three years ago may be wrong today, and the credential goes on being issued."),
    "Q17": ("Pictures have words", "A learner who does not see the picture has to be able to do the assignment."),
    "Q18": ("Licences of the data", "Data that may not be given away may not be given to learners either, and users should know whose they are."),
    "Q19": ("Both languages", "Who chose Filipino should not meet half a course in English."),
    "Q20": ("Versions", "Two learners with the same version of a credential must have passed the same assessment."),
}  # fmt: skip

_NOTEBOOKS = {
    "N01": ("Notebook present", "Without a notebook there is nothing to hand out and nothing to grade."),
    "N02": ("Points present", "An assignment without points scores nothing, whatever the learner does."),
    "N03": ("Ids unique", "nbgrader keeps points by cell id: of two cells with one id, one is lost."),
    "N04": ("Solutions in answer cells", "nbgrader takes solutions out of answer cells only: elsewhere learners read them."),
    "N05": ("Tests assert", "nbgrader gives full marks to a test without an error, so a test that asserts nothing passes everyone."),
    "N06": ("No bare comparison", "A comparison that is not asserted raises no error, so a wrong answer earns full marks."),
    "N07": ("Answer before its test", "A test without an answer before it tests the author's own code."),
    "N08": ("Hidden tests are closed", "A hidden block that is not closed is released to the learners."),
    "N09": ("Tests are worth points", "A test worth nothing can fail without anyone noticing."),
    "N10": ("Libraries are there", "A notebook that imports what is not installed fails for every learner alike."),
    "N11": ("Choices name tests", "A choice for a cell that does not exist changes nothing, and the author believes it does."),
    "N12": ("Metadata of today", "nbgrader stops at a cell whose metadata is of another version, and with it the whole class."),
    "N13": ("Metadata that fits", "nbgrader refuses a cell whose marks contradict each other, on the day you wanted to hand it out."),
    "N14": ("Assertions that can fail", "An assertion with brackets round it, or of a method that is not called, is true for every answer."),
    "N15": ("Failures are not swallowed", "A test that catches its own AssertionError ends without an error, and earns full marks."),
    "N16": ("Scores that nbgrader reads", "nbgrader gives full marks to a last line that is False, '0/5', negative or a number of NumPy."),
    "N17": ("Scores within the points", "One score above the cell's points stops the grading of the learner's whole submission."),
    "N18": ("Quiet tests", "nbgrader gives no points to a test that writes anything to stderr, even a harmless warning."),
    "N19": ("Answers are tested", "Work that nothing grades is worth nothing, and learners notice."),
    "N20": ("Tests use an answer", "A test that uses nothing of an answer tests the author's own code: it passes everyone, or no one."),
    "N21": ("No solution in the open", "A cell that is not marked is handed out as it is: the solution with it, and the points."),
    "N22": ("Answers have a solution", "Without a reference solution nobody knows whether the tests can be passed at all."),
    "N23": ("Names are told", "A learner cannot guess the name that a hidden test calls."),
    "N24": ("Regions are closed", "A solution that begins and never ends stops nbgrader; one that ends too early is handed out."),
    "N26": ("No paths of one machine", "A path into your home folder exists on no learner's computer, and not where it is graded."),
    "N27": ("No network", "Grading has no network, and a learner with a slow line should be able to work too."),
    "N28": ("Seeds", "A test that draws anew each time passes a learner on Monday and fails them on Tuesday."),
    "N29": ("No clock", "A test that asks for the time gives another verdict on a slow or a later day."),
    "N30": ("Messages keep the secret", "Feedback shows the message of a failed hidden test: with the value in it, the next attempt can print that."),
    "N31": ("Small outputs", "Stored outputs make a course heavy to review and to keep, and learners get none of them."),
    "N32": ("Files are there", "A file that exists on the author's computer only stops the notebook for everyone else."),
    "N33": ("Pictures are there", "Where the picture should be, learners see a broken link."),
    "N60": ("Placeholders are filled in", "What a scaffold left open would stand in a credential, or before the learners, for ever."),
}  # fmt: skip

_ACCESSIBILITY = {
    "A01": ("Words that say something", "A screen reader reads 'image1.png' aloud, and the learner knows no more than before."),
    "A02": ("No level left out", "Who listens to a notebook finds the way by its headings; a missing level sounds like a missing part."),
    "A03": ("A title", "The title tells a learner, and the list of open tabs, which notebook this is."),
    "A04": ("One title", "Two titles in one notebook sound like two notebooks."),
    "A05": ("Links that say where they lead", "A screen reader lists the links by themselves: five times 'here' leads nowhere."),
    "A06": ("Tables with a header", "Without a header a listener hears numbers and not what they are."),
    "A07": ("Not by colour alone", "One man in twelve cannot tell red from green, and many people print in black and white."),
}  # fmt: skip

_LEAKS = {
    "L01": ("No solution is released", "Whoever finds the answer in what was handed out has shown nothing."),
    "L02": ("No hidden test is released", "A test that learners can read is passed by answers that do only what it asks."),
    "L03": ("No mark scheme is released", "An essay that is written along the mark scheme shows that it was read."),
    "L04": ("No stored results", "The output of the author's run is the answer, even where its code is gone."),
    "L05": ("No picture of an answer", "nbgrader clears the text of an answer and leaves what is attached to it."),
    "L06": ("No foreign metadata", "Editors keep what their users typed and where, and learners can read it."),
    "L07": ("No left-over files", "Backups, checkpoints and version folders hold the notebook as it was before its answers were taken out."),
    "L08": ("Everything was looked at", "What nobody could look through may be the one file that tells the answers."),
}  # fmt: skip

_WORKFLOW = {
    "W01": ("Approved", "What one person alone let out, nobody else can vouch for."),
    "W02": ("Approved as it is", "An approval is of what was read, not of what was written afterwards."),
    "W03": ("Not by its authors", "Nobody sees the gaps in their own course."),
    "W04": ("All approvals", "The institution has said whose eyes a course needs."),
    "W05": ("Not retired", "Whoever retired the course had a reason that still stands."),
    "W06": ("Review soon", "A review takes weeks, and an overdue one blocks the next release."),
}  # fmt: skip

_SEALING = {
    "S01": ("Sealed as promised", "The manifest promises that no verdict came out of the learner's own process."),
    "S02": ("Tests that can be forged", "Without a seal or a canary, a learner's code could decide its own verdict unseen."),
}  # fmt: skip

_REHEARSAL = {
    "R01": ("Reference solution passes", "If the author's solution does not earn full marks, nobody can."),
    "R02": ("The same every time", "A verdict that depends on chance is unfair to whoever meets the wrong day."),
    "R03": ("Untouched notebook earns nothing", "Points for nothing done are points for everyone."),
    "R04": ("Untouched notebook does not pass", "A credential for handing the notebook back says nothing."),
    "R05": ("Answers that do not work earn nothing", "A test that a lie satisfies measures who lies, not who can."),
    "R06": ("Time to spare", "A cell that barely keeps its limit on the author's machine fails on a busy day."),
    "R07": ("Memory to spare", "A notebook that barely fits ends its kernel, and the learner's work goes ungraded."),
    "R08": ("Tests do not warn", "nbgrader takes anything on stderr for a failure, so one warning costs every right answer its marks."),
    "R09": ("Rehearsal came to its end", "What was not rehearsed has not been shown to work."),
}  # fmt: skip

_MUTATION = {
    "M01": ("Tests notice small mistakes", "A wrong answer that no test notices earns full marks."),
    "M02": ("Mutation score", "A credential is worth what its tests notice, in the assignment as a whole."),
    "M03": ("Accepted mutants are up to date", "A reason that belongs to an older notebook excuses nothing today."),
    "M04": ("Mutants could be made", "Of an answer that could not be varied, nobody knows whether its tests notice anything."),
}  # fmt: skip

_VARIANTS = {
    "V01": ("One parameters cell", "Where learners can write the values, they choose an easier variant than their own."),
    "V02": ("Parameters are set there", "A parameter that no cell sets, or that is of another type in a variant, gives some learners a broken notebook."),
    "V03": ("Variants as promised", "The credential tells its reader whether learners had work of their own."),
    "V04": ("Variants differ", "Variants that no test looks at are the same work for everyone."),
    "V05": ("Solution passes in each variant", "A variant that the author's solution fails, no learner who gets it can pass."),
    "V06": ("Nothing for nothing in each variant", "A variant that gives points to an untouched notebook gives some learners less to do."),
    "V07": ("Each variant was rehearsed", "A variant that nobody ran may be the one that cannot be solved."),
}  # fmt: skip

_TABLES = (_QUALITY, _NOTEBOOKS, _ACCESSIBILITY, _LEAKS, _WORKFLOW, _SEALING, _REHEARSAL, _MUTATION, _VARIANTS)

RULES: dict[str, Rule] = {code: Rule(code, name, why) for table in _TABLES for code, (name, why) in table.items()}
"""All rules by code."""


def rule_of(finding: Finding) -> Rule:
    """Return the rule that `finding` is about.

    Raises:
        KeyError: its code is in no table, which is a defect of ours.
    """
    return RULES[finding.code]
