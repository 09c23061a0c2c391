"""The fixed words of a certificate, in English and Filipino."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

Language = Literal["en", "fil"]

_MONTHS: dict[Language, tuple[str, ...]] = {
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    "fil": (
        "Enero",
        "Pebrero",
        "Marso",
        "Abril",
        "Mayo",
        "Hunyo",
        "Hulyo",
        "Agosto",
        "Setyembre",
        "Oktubre",
        "Nobyembre",
        "Disyembre",
    ),
}


@dataclass(frozen=True, slots=True)
class CertificateWords:
    """What stands on every certificate in one language."""

    heading: str
    certifies: str
    certifies_unnamed: str
    unnamed: str
    earned: str
    outcomes: str
    outcomes_on_page_2: str
    details: str
    hours: str
    level: str
    result: str
    awarded: str
    valid_until: str
    proof: str
    check: str
    number: str
    attachment: str
    qr_alt: str
    badge_alt: str
    seal_alt: str
    description: str


WORDS: dict[Language, CertificateWords] = {
    "en": CertificateWords(
        heading="Certificate of Micro-credential",
        certifies="This certifies that",
        certifies_unnamed="This certifies that",
        unnamed="the holder",
        earned="has earned the micro-credential",
        outcomes="Learning outcomes",
        outcomes_on_page_2="The learning outcomes are on the second page.",
        details="About this award",
        hours="Notional hours",
        level="Level",
        result="Result",
        awarded="Awarded on",
        valid_until="Valid until",
        proof="This PDF is a picture of the credential; the proof is the signed file credential.json that is attached to it. "
        "Any Open Badges 3.0 verifier can check that file, without asking us.",
        check="Check it at",
        number="Credential",
        attachment="The signed credential (Open Badges 3.0): the proof of which this PDF is a picture",
        qr_alt="QR code with the address of the check",
        badge_alt="Badge of the course",
        seal_alt="Seal of the institution",
        description="Picture of a signed micro-credential. The proof is the attached file credential.json.",
    ),
    "fil": CertificateWords(
        heading="Katibayan ng Micro-credential",
        certifies="Pinatutunayan nito na si",
        certifies_unnamed="Pinatutunayan nito na ang",
        unnamed="may hawak nito",
        earned="ay nagkamit ng micro-credential na",
        outcomes="Mga kinalabasan ng pagkatuto",
        outcomes_on_page_2="Nasa ikalawang pahina ang mga kinalabasan ng pagkatuto.",
        details="Tungkol sa gawad na ito",
        hours="Tinatayang oras",
        level="Antas",
        result="Resulta",
        awarded="Iginawad noong",
        valid_until="May bisa hanggang",
        proof="Larawan lamang ng kredensyal ang PDF na ito; ang patunay ay ang nilagdaang file na credential.json na kalakip nito. "
        "Masusuri ang file na iyon ng alinmang tagasuri ng Open Badges 3.0, nang hindi nagtatanong sa amin.",
        check="Suriin sa",
        number="Kredensyal",
        attachment="Ang nilagdaang kredensyal (Open Badges 3.0): ang patunay na inilalarawan ng PDF na ito",
        qr_alt="QR code na may address ng pagsusuri",
        badge_alt="Sagisag ng kurso",
        seal_alt="Selyo ng institusyon",
        description="Larawan ng isang nilagdaang micro-credential. Ang patunay ay ang kalakip na file na credential.json.",
    ),
}


def written_date(day: date, language: Language) -> str:
    """Return the date as one writes it: "20 November 2026", "ika-20 ng Nobyembre 2026"."""
    month = _MONTHS[language][day.month - 1]
    return f"ika-{day.day} ng {month} {day.year}" if language == "fil" else f"{day.day} {month} {day.year}"
