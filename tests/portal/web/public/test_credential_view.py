"""What is picked out of a credential: all of it for who has the file, what its holder shows for others, and no harm from strangers' documents."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from issuer.verification import CredentialFacts
from portal.web.public.credential_view import passages, view_credential

FACTS = CredentialFacts("urn:uuid:1", "T", "", "did:x:y", "U", None, None, None, datetime(2026, 1, 1, tzinfo=UTC), None)
HERE = "https://uni.example/achievements/c/1.0.0"
DOCUMENT: dict[str, Any] = {
    "issuer": {"url": "https://uni.example"},
    "credentialSubject": {
        "achievement": {
            "id": HERE,
            "alignment": [
                {"targetType": "ext:LearningOutcome", "targetCode": "LO1", "targetName": "Square"},
                {"targetType": "ext:Workload", "targetCode": "10"},
                {"targetType": "ext:SupervisionType", "targetName": "Unsupervised with no identity verification"},
            ],
            "resultDescription": [
                {"id": f"{HERE}#result", "name": "Overall score", "resultType": "Percent", "requiredValue": "70"},
                {"id": f"{HERE}#result-LO1", "name": "LO1: Square", "resultType": "Percent", "requiredValue": "50"},
            ],
        },
        "result": [
            {"resultDescription": f"{HERE}#result", "value": "83.33"},
            {"resultDescription": f"{HERE}#result-LO1", "value": "91"},
        ],
    },
    "evidence": [{"name": "Graded notebook", "narrative": "Score: 83.33 percent. Submission uEi1, graded.", "digestMultibase": "uEi2"}],
}


def plain(text: str) -> str:
    return text


def test_results_stand_at_their_outcomes() -> None:
    view = view_credential(DOCUMENT, FACTS, plain)
    assert view.overall is not None
    assert (view.overall.result, view.overall.required) == ("83.33 %", "70 %")
    assert [(each.code, each.result, each.required) for each in view.outcomes] == [("LO1", "91 %", "50 %")]
    assert (view.hours, view.supervision) == ("10", "Nobody watched the work. Who worked was not verified.")


def test_a_grade_that_is_not_shown_stands_nowhere_not_even_in_the_evidence() -> None:
    view = view_credential(DOCUMENT, FACTS, plain, show_grade=False)
    assert view.has_results
    assert view.evidence[0].text == "Submission uEi1, graded."
    for score in ("83.33", "91"):
        assert score not in str(asdict(view))


def test_evidence_that_is_not_shown_stands_nowhere() -> None:
    view = view_credential(DOCUMENT, FACTS, plain, show_evidence=False)
    assert view.has_evidence
    assert "uEi" not in str(asdict(view))


def test_only_https_addresses_become_links() -> None:
    document = {"issuer": {"url": "javascript:alert(1)"}, "credentialSubject": {"achievement": {"id": "data:text/html,x"}}}
    view = view_credential(document, FACTS, plain)
    assert (view.issuer_address, view.address) == ("", "")


def test_a_narrative_becomes_paragraphs_and_lists() -> None:
    first, second = passages("Learning outcomes:\n\n- LO1: a \\<b>\n- LO2: c\n\nLevel: none.")
    assert (first.text, first.items) == ("Learning outcomes:", ("LO1: a <b>", "LO2: c"))
    assert (second.text, second.items) == ("Level: none.", ())


_NAMES = [
    "achievement",
    "alignment",
    "result",
    "resultDescription",
    "id",
    "url",
    "targetType",
    "targetName",
    "value",
    "narrative",
    "criteria",
]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just("ext:LearningOutcome"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=6),
    max_leaves=30,
)


@given(st.fixed_dictionaries({"credentialSubject": _JSON, "evidence": _JSON, "issuer": _JSON}))
def test_no_form_of_a_document_breaks_the_page(document: dict[str, Any]) -> None:
    view = view_credential(document, FACTS, plain)
    assert view.title == "T"
    assert view.address == "" or view.address.startswith("https://")
