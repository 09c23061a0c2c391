"""Random learners' values for credentials of the example course, and what pyoxigraph makes of a document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyoxigraph
from hypothesis import strategies as st

from issuer.context_documents import load_context
from issuer.credential import AssignmentEvidence, Award, OutcomeResult, build_credential
from issuer.documents import UNSIGNABLE
from issuer.multibase import digest_multibase
from issuer.status_list import StatusEntry
from tests.issuer.examples import BASE_URL, NOW, PROFILE, STATUS_URL, example_award, example_evidence, example_manifest

TRICKY = st.sampled_from(
    ['"', "\\", "\\\\n", "%", "%s", "%%", "_:c14n0", "<a>", "ñ", "é", "\U0001f393", "\u202e", "\u00ad", "\ufdd0", "> .", '" .']
)
TEXTS = (
    st.lists(st.one_of(TRICKY, st.characters(exclude_categories=["Cs"])), min_size=1, max_size=30)
    .map("".join)
    .filter(lambda text: bool(text.strip()))
)
SIGNABLE = TEXTS.filter(lambda text: not UNSIGNABLE.search(text))
NAMES = SIGNABLE.filter(lambda text: not set(text) & set("\n\r\t\x85\u2028\u2029"))
SHARES = st.floats(0, 1)


def _evidence(assignment: str, run: str, number: int, share: float, sealed: bool) -> AssignmentEvidence:
    digest = digest_multibase(str(number).encode())
    return replace(
        example_evidence(assignment, share),
        grading_run=run,
        attempt_digest=digest,
        notebook_digest=digest,
        grading_run_digest=digest,
        assurance="sealed" if sealed else "compat",
    )


@st.composite
def awards(draw: st.DrawFn) -> Award:
    """An award of the example course with every value of the learner's drawn at random."""
    moment = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=draw(st.integers(0, 10**8)))
    outcomes = (OutcomeResult("LO1", draw(SHARES)), OutcomeResult("LO2", draw(SHARES)))
    return replace(
        example_award(),
        credential_id=draw(st.uuids(version=4)).urn,
        subject_id=draw(st.uuids(version=4)).urn,
        learner_email=draw(st.emails(domains=st.just("uni.example"))),
        salt=f"{draw(st.integers(0, 2**128 - 1)):032x}",
        learner_name=draw(st.none() | NAMES),
        overall_score=draw(SHARES),
        outcome_results=outcomes,
        evidence=tuple(
            _evidence(assignment, draw(SIGNABLE), draw(st.integers()), draw(SHARES), draw(st.booleans()))
            for assignment in ("ps1", "project")
        ),
        valid_from=moment,
        awarded_on=moment,
        valid_until=draw(st.none() | st.just(NOW + timedelta(days=3000))),
        status=draw(st.none() | st.integers(0, 131_071).map(lambda index: StatusEntry(STATUS_URL, index))),
        batch=draw(SIGNABLE),
        approved_by=draw(st.none() | SIGNABLE),
    )


def unsigned(award: Award) -> dict[str, Any]:
    """Return the unsigned credential of the example course."""
    return build_credential(example_manifest(), PROFILE, award, BASE_URL)


def canonical_by_pyoxigraph(document: Mapping[str, Any]) -> str:
    """Return what another RDF engine, in Rust, makes of the document: its own JSON-LD reader, canonicaliser and writer."""
    dataset = pyoxigraph.Dataset(pyoxigraph.parse(json.dumps(_with_contexts(document)), format=pyoxigraph.RdfFormat.JSON_LD))
    dataset.canonicalize(pyoxigraph.CanonicalizationAlgorithm.RDFC_1_0)
    written = pyoxigraph.serialize(dataset, format=pyoxigraph.RdfFormat.N_QUADS)
    assert written is not None
    return "\n".join(sorted(written.decode().split("\n")[:-1])) + "\n"


def _with_contexts(value: Any) -> Any:
    """Return `value` with the contexts themselves in place of their addresses: pyoxigraph cannot be given a loader."""
    if isinstance(value, Mapping):
        return {key: _contexts(inner) if key == "@context" else _with_contexts(inner) for key, inner in value.items()}
    return [_with_contexts(inner) for inner in value] if isinstance(value, list) else value


def _contexts(value: Any) -> Any:
    if isinstance(value, str):
        return _contexts(load_context(value)["@context"])
    return [_contexts(each) for each in value] if isinstance(value, list) else _with_contexts(value)
