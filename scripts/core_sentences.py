"""Finds the sentences that the core says to people, as templates with named places, so that `scripts/translations.py` can ask for their Filipino.

The core (courses, autograder, issuer, and what of portal is not its pages) speaks plain English and knows no languages. Some of its sentences are kept for
years in databases. So a page gets a finished sentence, and `portal.web.core_words` finds the template that it was made of. `SHOWN` says where the core's
sentences for people stand: a whole module, or functions and constants of it. What is said there (a string of two words or more, or an f-string, that is no
docstring, no log line and no key) becomes a template: each value in it becomes a place with the name that stands in the code.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from pydantic_core._pydantic_core import list_all_errors  # the only list of what pydantic says

PROJECT = Path(__file__).resolve().parents[1]
_WORDS = re.compile(r"[A-Za-z’']{2,}[^\w/-]*\s[^\w/]*[A-Za-z’'(…“]|…[^\w/]*\s[a-z’']{2,}")
_OWN_WORDS = re.compile(r"[A-Za-z’']{2,}")
_PLACE = re.compile(r"\{\w+\}")
_NO_TEXT = frozenset({"compile", "startswith", "endswith", "split", "partition", "mapped_column", "system", "removeprefix"})
"""Calls whose texts are no sentences."""
_IS_PLACE = re.compile(r"course\.toml[:,]")
"""How a place in a course is told, which is no sentence."""
_FORMAT = re.compile(r"\{(\w*)(?:![rsa])?(?::[^{}]*)?\}")
WHOLE, ERRORS = "*", "*errors"
"""A module's every text; what the errors say that it raises."""
LEARNERS: dict[str, tuple[str, ...]] = {
    "autograder/execution/compat.py": ("_none_submitted",),
    "autograder/execution/engines.py": (ERRORS,),
    "autograder/execution/fork_server.py": (ERRORS,),
    "autograder/execution/kernel.py": (ERRORS,),
    "autograder/execution/limiting.py": (WHOLE,),
    "autograder/execution/own_kernel.py": (ERRORS,),
    "autograder/execution/surviving.py": ("_run_from",),
    "autograder/gradebook_frames.py": (WHOLE,),
    "autograder/scheduling/course_steps.py": ("_result_of",),
    "autograder/scheduling/dispatch.py": (WHOLE,),
    "autograder/scheduling/worker.py": (WHOLE,),
    "autograder/scoring.py": (WHOLE,),
    "autograder/sealed/grading.py": ("_with_compat",),
    "autograder/sealed/verdicts.py": (WHOLE,),
    "autograder/submissions.py": (ERRORS,),
    "courses/names.py": (ERRORS,),
    "courses/notebook.py": (ERRORS,),
    "courses/safe_copy.py": (ERRORS,),
    "issuer/baking.py": (ERRORS, "_SEND_THE_ORIGINAL"),
    "issuer/eligibility.py": (WHOLE,),
    "portal/claiming.py": (ERRORS,),
    "portal/exporting.py": (ERRORS,),
    "portal/handing_in.py": (ERRORS,),
    "portal/learner_record.py": (ERRORS,),
    "portal/requests.py": (ERRORS,),
    "portal/sharing.py": (ERRORS,),
    "portal/uploads.py": (ERRORS,),
    "portal/verifying.py": (ERRORS,),
    "portal/web/learner/handing_in.py": (ERRORS,),
}
"""What learners and the public are told: why something was refused or could not be graded, and how they stand."""
OFFICE: dict[str, tuple[str, ...]] = {
    "autograder/gradebook_export.py": (ERRORS,),
    "autograder/sandbox/in_place.py": (ERRORS, "NO_LANDLOCK", "find_obstacle", "lock_in_place", "_take_over"),
    "autograder/sandbox/isolation.py": ("LAYERS!", "leave_shared_spaces", "lock_in", "become"),
    "autograder/sandbox/landlock.py": (ERRORS, "restrict_files"),
    "issuer/audit_anchor.py": (ERRORS,),
    "issuer/badge_image.py": (ERRORS,),
    "issuer/certificate.py": (ERRORS,),
    "issuer/batches.py": (WHOLE, "append_entry.action", "PREPARED!"),
    "issuer/decisions.py": (ERRORS, "append_entry.action", "OPEN!"),
    "issuer/frozen_courses.py": (ERRORS,),
    "issuer/issuing.py": (ERRORS, "append_entry.action"),
    "issuer/keyring.py": (ERRORS,),
    "issuer/private_files.py": (ERRORS,),
    "issuer/ledger.py": ("PASSED",),
    "issuer/privacy.py": (ERRORS, "append_entry.action"),
    "issuer/replacement.py": (ERRORS, "append_entry.action"),
    "issuer/standing.py": (ERRORS,),
    "issuer/withdrawal.py": (ERRORS, "append_entry.action", "state_of!", "REASONS", "_DONE"),
    "issuer/withdrawal_notice.py": ("REVOKED!",),
    "portal/awarding.py": (ERRORS, "append_entry.action"),
    "portal/claiming.py": (ERRORS, "append_entry.action"),
    "portal/course_standing.py": ("review_told", "overview_of"),
    "portal/doctoring.py": (WHOLE, "Finding.0", "_tried.0"),
    "portal/exporting.py": (ERRORS, "append_entry.action"),
    "portal/governing.py": (ERRORS,),
    "portal/health_examination.py": ("_found",),
    "portal/hub/examining.py": (WHOLE,),
    "portal/hub/people.py": (ERRORS,),
    "portal/issuing_jobs.py": (ERRORS,),
    "portal/key_keeping.py": (WHOLE, "end_key!"),
    "portal/learner_record.py": (ERRORS, "append_entry.action"),
    "portal/request_answers.py": (ERRORS,),
    "portal/requests.py": (ERRORS, "append_entry.action"),
    "portal/sample_certificates.py": (ERRORS,),
    "portal/sharing.py": (ERRORS, "append_entry.action"),
}
"""What the office reads: refusals, what is wrong with a batch, actions in the audit log, findings of the doctor."""
FACULTY: dict[str, tuple[str, ...]] = {
    "autograder/analysis/at_risk.py": (WHOLE,),
    "autograder/analysis/item_flags.py": (WHOLE,),
    "autograder/extensions.py": (ERRORS, "held_alone.1"),
    "autograder/nbgrader_database.py": (ERRORS,),
    "autograder/records.py": ("held_alone.1",),
    "autograder/regrade_preview.py": (WHOLE,),
    "autograder/regrading.py": (ERRORS,),
    "autograder/sealed/deciding.py": (WHOLE,),
    "autograder/similarity/gathering.py": (WHOLE,),
    "autograder/similarity/marks.py": (ERRORS, "held_alone.1"),
    "courses/catalogue.py": (ERRORS,),
    "courses/nbgrader_course.py": (ERRORS,),
    "courses/release.py": (ERRORS, "_succeed.1", "held_alone.1"),
    "courses/release_record.py": (ERRORS,),
    "courses/review_checks.py": (WHOLE,),
    "courses/review_workflow.py": (WHOLE, "CourseState!"),
    "courses/reviewing.py": (ERRORS,),
    "courses/rules.py": tuple(
        f"_{table}!"
        for table in ("QUALITY", "NOTEBOOKS", "ACCESSIBILITY", "LEAKS", "WORKFLOW", "SEALING", "REHEARSAL", "MUTATION", "VARIANTS")
    ),
    "courses/storage.py": (ERRORS, "_CAUSES"),
    "portal/background_work.py": (ERRORS,),
    "portal/cli/app.py": ("main",),
    "portal/cli/progress.py": ("Words", "REHEARSING", "MUTATING", "SIGNING", "DRAWING", "_left"),
    "portal/extensions.py": (ERRORS,),
    "portal/gate/report.py": ("verdict", "_blocking", "_warnings"),
    "portal/regrading.py": (ERRORS,),
    "portal/releasing.py": (ERRORS,),
    "portal/similar_work.py": (ERRORS,),
}
"""What teachers read: who is at risk and why, notes on items, the gate's rules, refusals, what work in the background says."""
GATE: dict[str, tuple[str, ...]] = {
    "autograder/mutation/findings.py": (WHOLE,),
    "autograder/mutation/mutating.py": ("_obstacle", "_with_accepted"),
    "autograder/rehearsal/checks.py": (
        "check_rehearsal",
        "_stopped",
        "_noise",
        "_reference",
        "_blank",
        "_hostile",
        "_answer~",
        "_limits",
        "_points",
    ),
    "autograder/rehearsal/full_rehearsal.py": ("_obstacle",),
    "autograder/rehearsal/hostile_answers.py": ("KINDS",),
    "autograder/rehearsal/plan_checks.py": (WHOLE,),
    "autograder/rehearsal/sealing_plan.py": ("_run_all", "_add", "_label", "_NO_REFERENCE", "_points"),
    "autograder/sealing_checks.py": (WHOLE,),
    "autograder/variant_rehearsal.py": (WHOLE,),
    "courses/authoring/placeholder_checks.py": ("_manifest", "_notebooks"),
    "courses/leak_notebook.py": ("check_stored_results", "picture_finding", "_metadata_findings"),
    "courses/leak_scan.py": ("scan_release", "_name_findings", "_file_findings", "_passage_findings", "_leak", "_helper", "_unseen"),
    "courses/leak_secrets.py": ("SecretKind", ERRORS),
    "courses/static_checks/accessibility_rules.py": ("check_texts", "_pictures", "_links", "_headings"),
    "courses/static_checks/answer_rules.py": (WHOLE,),
    "courses/static_checks/environment_rules.py": (WHOLE,),
    "courses/static_checks/evidence_rules.py": (WHOLE,),
    "courses/static_checks/licence_rules.py": ("check_licences",),
    "courses/static_checks/manifest_rules.py": (WHOLE,),
    "courses/static_checks/metadata_rules.py": (WHOLE,),
    "courses/static_checks/notebook_rules.py": (WHOLE,),
    "courses/static_checks/portability_rules.py": (WHOLE,),
    "courses/static_checks/scores_in_code.py": ("misread_score",),
    "courses/static_checks/verdict_rules.py": ("_asserts_nothing", "_scores", "_hollow", "_noise", "_clocks", "_told_values"),
    "courses/variant_cells.py": (ERRORS,),
    "courses/variant_checks.py": ("_promise", "_assessment", "_cells", "_types", "_effect"),
    "courses/version_checks.py": ("_version_findings", "_told", "_id_findings"),
    "courses/version_changes.py": (WHOLE, "_fate!"),
    "portal/gate/course_gate.py": ("check_running", "_not_rehearsed"),
    "portal/gate/outcome_matrix.py": ("check_untouched",),
    "portal/gate/trying.py": (WHOLE,),
}
"""What the release gate finds in a course, and what it says while it runs."""
FILES: dict[str, tuple[str, ...]] = {
    "courses/content_hash.py": (ERRORS,),
    "courses/limits.py": ("contradictions",),
    "courses/manifest.py": (
        ERRORS,
        "_matching.1",
        "_holds_together",
        "_duplicates",
        "_weight_problems",
        "_reference_problems",
        "_limit_problems",
    ),
    "courses/manifest_file.py": (ERRORS,),
    "courses/settings.py": (ERRORS,),
    "courses/typed_toml.py": ("load_typed", "parse_typed", "_line", "_sentence~"),
    "courses/variants.py": (ERRORS, "_matching.1"),
}
"""What is wrong with course.toml or patunay.toml."""
_PARTS = (LEARNERS, OFFICE, FACULTY, GATE, FILES)
SHOWN: dict[str, tuple[str, ...]] = {
    module: tuple(dict.fromkeys(part for table in _PARTS for part in table.get(module, ()))) for table in _PARTS for module in table
}
IN_ENGLISH: dict[str, str] = {
    **{
        f"autograder/sandbox/{name}.py": "what a process that reads strangers' files is locked in with; no page tells it"
        for name in ("private_root", "seccomp", "syscalls")
    },
    "issuer/context_documents.py": "a technical detail of a check",
    "issuer/did.py": "a technical detail of a check",
    "issuer/documents.py": "told to programs by the JSON endpoints, and a technical detail of a check",
    "issuer/resolvers.py": "a technical detail of a check; pages say in words of their own that the issuer could not be reached",
    "issuer/resolving.py": "a technical detail of a check",
}
"""Modules that pages call and whose errors have no Filipino, and why; such a sentence is shown as it is, marked as English."""


PYDANTIC = (
    "bool_type", "bool_parsing", "date_from_datetime_parsing", "date_parsing", "date_type", "datetime_from_date_parsing", "datetime_parsing", "datetime_type", "dict_type",
    "finite_number", "float_parsing", "float_type", "greater_than", "greater_than_equal", "int_from_float", "int_parsing", "int_type", "less_than",
    "less_than_equal", "list_type", "literal_error", "model_type", "string_pattern_mismatch", "string_too_short", "string_type", "too_short", "tuple_type",
)  # fmt: skip
"""The misfits of a TOML file that pydantic words, by its names for them: of what `courses.manifest`, `courses.settings` and `courses.variants` demand."""


def sentences() -> dict[str, list[str]]:
    """Return every template, with the modules that say it."""
    found: dict[str, list[str]] = {
        str(each.get("message_template_json") or each["message_template_python"]): ["pydantic"]
        for each in list_all_errors()
        if each["type"] in PYDANTIC
    }
    for module, parts in SHOWN.items():
        for template in module_sentences((PROJECT / module).read_text(encoding="utf-8"), parts):
            found.setdefault(template, []).append(module)
    return found


def module_sentences(source: str, parts: tuple[str, ...]) -> list[str]:
    """Return the templates of a module's parts, in the order in which they stand there.

    Args:
        parts: WHOLE, ERRORS, the name of a function or constant (`name!`: with its single words, too; `name~`: with templates that have few words of their
            own, which count only where their first value is a sentence), or `function.argument` of calls (`function.0`: the first one).

    Raises:
        LookupError: a part is not in the module.
    """
    tree = ast.parse(source)
    named = dict(_named(tree))
    nodes: list[ast.AST] = []
    found: list[str] = []
    weak: list[str] = []
    for part in parts:
        if part == WHOLE:
            nodes += tree.body
        elif part == ERRORS:
            nodes += [each for each in ast.walk(tree) if isinstance(each, ast.Call) and _called(each).endswith("Error")]
        elif part.endswith("!") and part[:-1] in named:
            found += [each.value for each in _values(named[part[:-1]]) if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        elif "." in part:
            found += [template for each in _arguments(tree, part) if (template := _template(each)) is not None]
        elif part.endswith("~") and part[:-1] in named:
            weak += _templates(named[part[:-1]])
        elif part in named:
            nodes.append(named[part])
        else:
            raise LookupError(part)
    found += [template for node in nodes for template in _templates(node)]
    return list(dict.fromkeys([*(template for template in found if _says_enough(template)), *weak]))


def _says_enough(template: str) -> bool:
    """Whether a sentence can be known by the template: two values side by side, or one at the beginning and few words, would fit many a sentence."""
    words, places = len(_OWN_WORDS.findall(_PLACE.sub("", template))), len(_PLACE.findall(template))
    return "} {" not in template and not _IS_PLACE.match(template) and (not _PLACE.match(template) or words >= places)


def _values(node: ast.AST) -> Iterator[ast.AST]:
    """Return all that is written below a node, but docstrings, f-strings and the keys of dictionaries."""
    yield node
    is_other = isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    for child in () if is_other else node.values if isinstance(node, ast.Dict) else ast.iter_child_nodes(node):
        yield from _values(child)


def _arguments(tree: ast.Module, part: str) -> Iterator[ast.AST]:
    """Return what calls of a function give for an argument, such as `append_entry.action`, or for the first one: `Finding.0`."""
    function, _, name = part.partition(".")
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and _called(call) == function:
            yield from (each.value for each in call.keywords if each.arg == name)
            yield from call.args[int(name) :][:1] if name.isdigit() else ()


def _named(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Return functions (methods too), classes and constants by name."""
    for each in ast.walk(tree):
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield each.name, each
        elif isinstance(each, ast.Assign) and each.value is not None:
            names = [name for target in each.targets for name in (target.elts if isinstance(target, ast.Tuple) else [target])]
            yield from ((name.id, each.value) for name in names if isinstance(name, ast.Name))
        elif isinstance(each, ast.AnnAssign) and each.value is not None and isinstance(each.target, ast.Name):
            yield each.target.id, each.value


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _templates(node: ast.AST) -> Iterator[str]:
    """Return the templates below a node; what is no text for people (docstrings, log lines, keys, `where`) is left out."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.Call) and (_called(node) in _NO_TEXT or _is_log(node)):
        return
    if isinstance(node, ast.Assign) and [each.id for each in node.targets if isinstance(each, ast.Name)] == ["where"]:
        return
    if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp):
        template = _template(node)
        if template is not None and _WORDS.search(re.sub(r"\{\w+\}", "…", template)):
            yield template
    for child in _children(node):
        yield from _templates(child)


def _is_log(call: ast.Call) -> bool:
    """Whether a line of a log is written; a finding of the gate may be called `warning`, too."""
    is_level = _called(call) in {"debug", "info", "warning", "error"}
    return is_level and isinstance(call.func, ast.Attribute) and "log" in ast.unparse(call.func.value).lower()


def _children(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BinOp) and _template(node) is not None:
        yield from (each for part in _added(node) for each in _children(part))
    elif isinstance(node, ast.JoinedStr):
        yield from (part.value for part in node.values if isinstance(part, ast.FormattedValue))
    elif isinstance(node, ast.Dict):
        yield from node.values
    elif isinstance(node, ast.Subscript):
        yield node.value
    elif isinstance(node, ast.Compare) or (isinstance(node, ast.keyword) and node.arg in {"where", "what", "action", "check"}):
        return
    else:
        yield from (child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr_context))


def _template(node: ast.AST) -> str | None:
    """Return the template of a text, None if the node is none."""
    names: list[str] = []
    parts: list[str] = []
    for each in _added(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):  # perhaps for `str.format`
            parts.append(_FORMAT.sub(lambda match: f"{{{match[1] or 'value'}}}", each.value))
        elif isinstance(each, ast.JoinedStr):
            for part in each.values:
                if isinstance(part, ast.Constant):
                    parts.append(str(part.value))
                elif isinstance(part, ast.FormattedValue):
                    parts.append(_place(part.value, names))
        elif isinstance(node, ast.BinOp):
            parts.append(_place(each, names))
        else:
            return None
    is_text = any(
        isinstance(each, ast.JoinedStr) or (isinstance(each, ast.Constant) and isinstance(each.value, str)) for each in _added(node)
    )
    return "".join(parts) if is_text else None


def _added(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [*_added(node.left), *_added(node.right)]
    return [node]


def _place(value: ast.AST, names: list[str]) -> str:
    """Return a place with a name of its own, taken from the expression."""
    name = _name_of(value) or "value"
    number = sum(each.rstrip("0123456789") == name for each in names) + 1
    names.append(name if number == 1 else f"{name}{number}")
    return "{" + names[-1] + "}"


def _name_of(value: ast.AST) -> str:
    """Return what a place is called: after the innermost thing that is named in it, not after functions that only make text of it."""
    if isinstance(value, ast.IfExp):
        branches = [each.value for each in (value.body, value.orelse) if isinstance(each, ast.Constant)]
        return "plural" if "" in branches else ""
    functions = {id(each.func) for each in ast.walk(value) if isinstance(each, ast.Call)}
    named = [each for each in ast.walk(value) if isinstance(each, ast.Attribute | ast.Name)]
    things = [each for each in named if id(each) not in functions] or named
    words = [(each.attr if isinstance(each, ast.Attribute) else each.id).strip("_0123456789").lower() for each in things]
    telling = [word for word in words if word and word not in {"en", "name", "id", "self"}]
    return (telling or words or [""])[0]


if __name__ == "__main__":
    for text, modules in sentences().items():
        print(f"{modules[0]}: {text!r}")  # noqa: T201
