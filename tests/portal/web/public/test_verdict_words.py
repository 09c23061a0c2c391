"""Every verdict and every check has words of its own, in both languages; where no signature fits they repeat nothing of the document."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from issuer.verification import CHECK_NAMES, Check, CredentialFacts, State, Verdict, VerificationReport
from issuer.verification_report import make_report
from portal.web.public.verdict_words import Reader, check_lines, headline, public_reason


def plain(text: str) -> str:
    return text


ENGLISH = Reader("en", "Asia/Manila", plain)


def facts(until: datetime | None = None) -> CredentialFacts:
    return CredentialFacts(
        credential_id="urn:uuid:1",
        title="Squares",
        achievement_id="https://uni.example/a",
        issuer_id="did:web:uni.example",
        issuer_name="Example University",
        subject_id=None,
        learner_name="Ana",
        awarded_on=None,
        valid_from=datetime(2026, 11, 1, tzinfo=UTC),
        valid_until=until,
    )


def report(**states: State) -> VerificationReport:
    given = {name: states.get(name.replace(" ", "_"), State.PASSED) for name in CHECK_NAMES}
    return make_report([Check(name, state, "…") for name, state in given.items()], facts())


def test_each_verdict_has_a_word_and_a_sentence_of_its_own() -> None:
    reports = [VerificationReport(verdict, tuple(Check(name, State.PASSED, "") for name in CHECK_NAMES), facts()) for verdict in Verdict]
    told = [headline(each, plain) for each in reports]
    assert len({each.word for each in told}) == len({each.sentence for each in told}) == len(Verdict)
    assert {verdict for verdict, each in zip(Verdict, told, strict=True) if each.tone == "good"} == {Verdict.VALID}


def test_what_is_no_credential_is_not_called_altered() -> None:
    told = headline(make_report([Check("Format", State.FAILED, "…")], None), plain)
    assert (told.word, told.tone) == ("Not a credential that can be checked", "bad")


def test_a_suspension_is_told_from_a_withdrawal_for_good_by_the_issuers_words_and_not_by_those_of_its_reason() -> None:
    suspended = "The issuer suspended this credential for the time being (list of 2026-11-20). Its reason: under review"
    revoked = "The issuer withdrew this credential (list of 2026-11-20). Its reason: the issuer suspended the course"
    for sentence, word in ((suspended, "suspended"), (revoked, "withdrawn")):
        checks = [Check(name, State.PASSED, "") for name in CHECK_NAMES]
        checks[3] = Check("Not withdrawn", State.FAILED, sentence)
        found = make_report(checks, facts())
        assert f"has {word}" in headline(found, plain).sentence
        line = check_lines(found, ENGLISH)[3]
        assert line.sentence.startswith(f"The issuer has {word} it (its list of 20 November 2026). The issuer's reason: ")
    assert public_reason(Check("Not withdrawn", State.FAILED, revoked)) == "the issuer suspended the course"


@pytest.mark.parametrize(
    ("sentence", "state", "told"),
    [
        ("It is not on the list of withdrawals of 2026-11-20, which was read from a copy (x).", State.WARNING, "read from a copy"),
        ("The issuer keeps no list of withdrawals for this credential.", State.WARNING, "keeps no list"),
        ("Whether this was withdrawn could not be checked: no.", State.NOT_CHECKED, "could not be checked"),
        ("Not looked at, because of what stands above.", State.NOT_CHECKED, "Not looked at"),
    ],
)
def test_a_check_of_withdrawals_that_was_not_made_is_never_told_as_passed(sentence: str, state: State, told: str) -> None:
    checks = [Check(name, State.PASSED, "") for name in CHECK_NAMES]
    checks[3] = Check("Not withdrawn", state, sentence)
    line = check_lines(make_report(checks, facts()), ENGLISH)[3]
    assert told in line.sentence
    assert "has not withdrawn" not in line.sentence
    assert line.tone == "note"


def test_dates_are_said_in_the_language_of_the_page() -> None:
    found = VerificationReport(
        Verdict.EXPIRED,
        tuple(Check(name, State.FAILED if name == "In date" else State.PASSED, "list of 2026-11-20") for name in CHECK_NAMES),
        facts(datetime(2026, 11, 20, tzinfo=UTC)),
    )
    assert check_lines(found, ENGLISH)[4].sentence == "It expired on 20 November 2026."
    assert "Nobyembre" in check_lines(found, Reader("fil", "Asia/Manila", plain))[4].sentence


def test_days_are_those_of_the_institution() -> None:
    checks = tuple(Check(name, State.PASSED, "…") for name in CHECK_NAMES)
    found = VerificationReport(Verdict.VALID, checks, facts(datetime(2026, 11, 20, 16, 30, tzinfo=UTC)))
    assert check_lines(found, ENGLISH)[4].sentence == "It is valid from 1 November 2026 until 21 November 2026."
    assert check_lines(found, Reader("en", "America/Lima", plain))[4].sentence == "It is valid from 31 October 2026 until 20 November 2026."


def test_without_a_signature_that_fits_no_word_comes_from_the_document() -> None:
    failed = make_report([Check("Format", State.PASSED, "…"), Check("Signature", State.FAILED, "…")], None)
    said = " ".join(each.sentence for each in check_lines(failed, ENGLISH)) + headline(failed, plain).sentence
    assert "Ana" not in said
    assert "Example University" not in said
