from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from issuer import canonical
from issuer.canonical import MAX_BLANK_NODES, canonicalise
from issuer.context_documents import CREDENTIALS_V2, OPEN_BADGES_3, load_context
from issuer.credential import build_credential
from issuer.errors import CanonicalisationError, ContextError, DocumentTooComplexError
from tests.issuer.examples import BASE_URL, PROFILE, example_award, example_manifest

PLAIN: dict[str, Any] = {"@context": [CREDENTIALS_V2], "id": "urn:x:1", "type": ["VerifiableCredential"], "issuer": "did:x:y"}
BADGE: dict[str, Any] = PLAIN | {"@context": [CREDENTIALS_V2, OPEN_BADGES_3], "type": ["VerifiableCredential", "OpenBadgeCredential"]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"unheardOf": "x"}, "'unheardOf' is defined by none"),
        ({"type": ["VerifiableCredential", "Unheard"]}, "'Unheard' is neither"),
        ({"credentialStatus": {"type": "Unheard"}}, "'Unheard' is neither"),
        ({"issuer": "somebody"}, "'somebody' is neither"),
        ({"id": "1"}, "'1' is neither"),
        ({"evidence": [{"id": "../x"}]}, "neither a whole address"),
        ({"evidence": [{"id": "https://uni.example/a b"}]}, "no address"),
        ({"evidence": [{"id": "urn:x:\u00a0"}]}, "no address"),
        ({"evidence": [{"id": "urn:x:1> <urn:x:p> <urn:x:2"}]}, "no address"),
        ({"evidence": [{"id": "urn:x:{1}"}]}, "no address"),
        ({"name": None}, "null"),
        ({"evidence": [None]}, "null"),
        ({"@id": "urn:x:1"}, "not a plain term"),
        ({"@included": []}, "not a plain term"),
        ({"https://www.w3.org/2018/credentials#validUntil": "x"}, "not a plain term"),
        ({"name": {"@value": "x"}}, "not a plain term"),
        ({"name": "a\x00b"}, "control character"),
        ({"name": "a\x7fb"}, "control character"),
        ({"name": "a\ufffe"}, "control character"),
        ({"name": "a\ud800"}, "half a character"),
        ({"evidence": [{"@context": {"secret": "urn:x:secret"}, "secret": "x"}]}, "may not define terms"),
        ({"evidence": [{"@context": None, "name": "x"}]}, "may not define terms"),
        ({"ttl": float("nan")}, "not JSON"),
    ],
)
def test_what_a_signature_would_not_cover_or_read_alike_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(CanonicalisationError, match=words):
        canonicalise(PLAIN | change)


def test_a_context_that_is_not_ours_is_refused() -> None:
    with pytest.raises(ContextError, match="not one of ours"):
        canonicalise(PLAIN | {"@context": [CREDENTIALS_V2, "https://evil.example/context"]})


def test_nothing_to_sign_is_an_error() -> None:
    with pytest.raises(CanonicalisationError, match="says nothing"):
        canonicalise({"@context": [CREDENTIALS_V2]})


def test_the_identity_objects_are_the_only_nodes_without_an_identifier() -> None:
    lines = canonicalise(build_credential(example_manifest(), PROFILE, example_award(), BASE_URL)).splitlines()
    blanks = {word for line in lines for word in line.split(" ") if word.startswith("_:")}
    assert blanks == {"_:c14n0", "_:c14n1"}
    assert lines == sorted(set(lines))
    assert not [line for line in lines if "relative.invalid" in line or "example.org/base" in line]


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff") | st.sampled_from('\t\n\r"\\'), min_size=1)
)
def test_every_other_text_stands_in_exactly_one_line(text: str) -> None:
    lines = canonicalise(PLAIN | {"name": text}).split("\n")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    assert f'<urn:x:1> <https://schema.org/name> "{escaped}" .' in lines


@settings(max_examples=20)
@given(st.permutations(sorted(PLAIN)))
def test_the_order_of_keys_does_not_matter(keys: list[str]) -> None:
    assert canonicalise({key: PLAIN[key] for key in keys}) == canonicalise(PLAIN)


def ring(size: int) -> dict[str, Any]:
    """Look-alike nodes, each pointing to the next."""
    nodes = [{"type": ["Evidence"], "id": f"_:n{place}", "audience": {"id": f"_:n{(place + 1) % size}"}} for place in range(size)]
    return BADGE | {"evidence": nodes}


def clique(size: int) -> dict[str, Any]:
    """Look-alike nodes, each pointing to all others: the order of every node's neighbours has to be tried out."""
    names = [{"id": f"_:n{place}"} for place in range(size)]
    return BADGE | {"evidence": [{"type": ["Evidence"], **each, "audience": [other for other in names if other != each]} for each in names]}


EQUAL = {"type": ["Evidence"], "audience": {"type": ["Evidence"], "audience": {"name": "x"}}}


@pytest.mark.slow
@pytest.mark.parametrize(
    "document",
    [
        pytest.param(ring(150), id="a ring of look-alikes"),
        pytest.param(clique(12), id="a clique of look-alikes"),
        pytest.param(
            BADGE | {"evidence": [{"type": ["Evidence"], "name": f"{n}"} for n in range(MAX_BLANK_NODES + 1)]}, id="many blank nodes"
        ),
        pytest.param(BADGE | {"evidence": [{"id": f"urn:x:{n}"} for n in range(501)]}, id="a long array"),
        pytest.param(BADGE | {"evidence": [{"id": f"urn:x:{n}", "type": ["Evidence"] * 100} for n in range(60)]}, id="many values"),
        pytest.param(BADGE | {"@context": [CREDENTIALS_V2, OPEN_BADGES_3] * 11}, id="many contexts"),
        pytest.param(BADGE | {"name": "x" * 300_000}, id="large"),
    ],
)
def test_a_document_that_costs_too_much_is_refused_in_good_time(document: dict[str, Any]) -> None:
    started = time.thread_time()
    with pytest.raises(DocumentTooComplexError):
        canonicalise(document)
    assert time.thread_time() - started < 20


def test_a_few_look_alikes_are_no_trouble() -> None:
    assert canonicalise(ring(10)).count("audience") == 10
    assert canonicalise(clique(4)).count("audience") == 12
    assert canonicalise(BADGE | {"evidence": [EQUAL] * 60}).count("audience") == 120


def test_with_a_thousand_times_the_budget_the_clique_would_still_not_be_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonical, "MAX_ORDERINGS", 1000 * canonical.MAX_ORDERINGS)
    with pytest.raises(DocumentTooComplexError):
        canonicalise(clique(12))


def test_a_context_that_another_loader_knew_is_still_refused_by_ours() -> None:
    document = PLAIN | {"@context": [CREDENTIALS_V2, "https://once.example/context"]}
    assert canonicalise(document, load=lambda url: load_context(url) if url == CREDENTIALS_V2 else {"@context": {}})
    with pytest.raises(ContextError, match="not one of ours"):
        canonicalise(document)


def test_one_document_at_a_time_enters_pyld() -> None:
    waiting = threading.Thread(target=lambda: canonicalise(PLAIN))
    with canonical._PYLD_LOCK:
        waiting.start()
        waiting.join(timeout=0.3)
        assert waiting.is_alive()
    waiting.join(timeout=120)
    assert not waiting.is_alive()


def test_many_threads_get_the_same_text() -> None:
    document = build_credential(example_manifest(), PROFILE, example_award(), BASE_URL)
    expected, found = canonicalise(document), set()
    threads = [threading.Thread(target=lambda: found.add(canonicalise(document))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {expected}
