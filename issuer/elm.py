"""The credential in the European Learning Model (ELM v3), unsigned: a file that an institution uploads to the EU's credential issuer.

It holds the elements of Annex I of the Council Recommendation on micro-credentials (2022/C 243/02). It proves nothing: European Digital Credentials
are sealed with an eIDAS seal, which is the institution's to put on. It is made from the signed credential and the frozen manifest, and
refers to the credential by its identifier.

Sources: the European Commission's own sample of an uploadable micro-credential with all Annex I elements (repository
european-commission-empl/European-Learning-Model, `Sample-MC-Annex1-unsigned-uploadable.json`); the named authority lists that it uses. Where no
entry of such a list is known to fit, a concept of ours with a label stands there, as the sample does for its type of assessment.
Durations are in hours (`PT30H`): the sample's `P60M` would be sixty months.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from courses.manifest import CourseManifest, Level
from issuer.achievement import achievement_id, supervision_in_words
from issuer.countries import find_alpha_3

_AUTHORITY = "http://publications.europa.eu/resource/authority"
_SNB = "http://data.europa.eu/snb"
_SCHEME = "25831c2"
_LANGUAGES = {"en": ("ENG", "English"), "fil": ("FIL", "Filipino"), "tl": ("TGL", "Tagalog")}
_MODES = {"online": ("920fbb3cbe", "Online"), "blended": ("e92d221e4d", "Blended"), "onsite": ("9191af2ed9", "Presential")}
_UNSUPERVISED = ("c598449d64", "Unsupervised without ID Verification")


def build_elm(manifest: CourseManifest, document: Mapping[str, Any], base_url: str) -> dict[str, Any]:
    """Return the upload file for one signed credential: `{"credential": {...}}`."""
    return {"credential": _Writer(manifest, document, base_url).credential()}


class _Writer:
    """Writes one credential; every part gets an identifier that is the same each time."""

    def __init__(self, manifest: CourseManifest, document: Mapping[str, Any], base_url: str) -> None:
        self._manifest, self._document = manifest, document
        self._here = achievement_id(base_url, manifest)
        self._namespace = uuid.UUID(str(document["id"]).removeprefix("urn:uuid:"))

    def credential(self) -> dict[str, Any]:
        """Return the `EuropeanDigitalCredential`."""
        document = self._document
        dates = {"validFrom": document["validFrom"], "issuanceDate": document["validFrom"]}
        if "validUntil" in document:
            dates |= {"validUntil": document["validUntil"], "expirationDate": document["validUntil"]}
        return {
            "@context": ["https://www.w3.org/2018/credentials/v1", f"{_SNB}/model/context/edc-ap"],
            "id": f"urn:credential:{self._namespace}",
            "type": ["VerifiableCredential", "EuropeanDigitalCredential"],
            "credentialProfiles": _concept(f"{_SNB}/credential/e34929035b", f"{_SNB}/credential/{_SCHEME}", "Generic"),
            "identifier": self._part("Identifier", "identifier", schemeName="Open Badges 3.0 credential", notation=document["id"]),
            **dates,
            "displayParameter": self._part(
                "DisplayParameter",
                "display",
                title=self._title(),
                description={"en": self._manifest.summary.en},
                language=[_language(each) for each in self._manifest.languages],
                primaryLanguage=_language(self._manifest.languages[0]),
            ),
            "issuer": self._organisation(),
            "credentialSubject": self._person(),
        }

    def _person(self) -> dict[str, Any]:
        subject = self._document["credentialSubject"]
        person = self._part("Person", "person", hasClaim=[self._achievement()])
        identity = subject["identifier"][0]
        person["identifier"] = [
            self._part("Identifier", "subject", schemeName="Subject of the Open Badges 3.0 credential", notation=subject["id"]),
            self._part(
                "Identifier",
                "email-hash",
                schemeName="SHA-256 of the lower-cased e-mail address and the salt, after the colon",
                notation=f"{identity['identityHash']}:{identity['salt']}",
            ),
        ]
        if "name" in subject:  # only with the learner's consent
            person["fullName"] = {"en": subject["name"]}
        return person

    def _achievement(self) -> dict[str, Any]:
        awarded = self._part("AwardingProcess", "awarding", awardingBody=[self._organisation()], awardingDate=self._document["awardedDate"])
        return self._part(
            "LearningAchievement",
            "achievement",
            title=self._title(),
            description={"en": self._manifest.summary.en},
            awardedBy=awarded,
            provenBy=[self._assessment(awarded)],
            influencedBy=[self._activity(awarded)],
            specifiedBy=self._qualification(),
        )

    def _assessment(self, awarded: Mapping[str, Any]) -> dict[str, Any]:
        """Return the type of assessment, the grade as far as it is disclosed, supervision and identity verification."""
        manifest = self._manifest
        kinds = ", ".join(dict.fromkeys(each.type for each in manifest.assessments))
        titles = {"en": ", ".join(each.title.en for each in manifest.assessments)}
        specified = self._part(
            "LearningAssessmentSpecification",
            "assessment-specification",
            title=titles,
            dcType=self._own_concept("assessment-type", f"Automatically graded Jupyter notebooks ({kinds})"),
            mode=_mode(manifest.participation.mode),
        )
        found = self._part(
            "LearningAssessment", "assessment", title=titles, awardedBy=awarded, idVerification=self._supervision(), specifiedBy=specified
        )
        results = self._document["credentialSubject"].get("result", [])
        grade = results[0].get("status", "Completed") if results else "Pass"
        if results and "value" in results[0]:
            grade = f"{results[0]['value']} %"
        return found | {"grade": self._note("grade", grade)}

    def _activity(self, awarded: Mapping[str, Any]) -> dict[str, Any]:
        return self._part(
            "LearningActivity",
            "activity",
            title=self._title(),
            awardedBy=awarded,
            specifiedBy=self._part(
                "LearningActivitySpecification",
                "activity-specification",
                title=self._title(),
                mode=_mode(self._manifest.participation.mode),
                volumeOfLearning=self._hours(),
            ),
        )

    def _qualification(self) -> dict[str, Any]:
        """Return outcomes, workload, level, quality assurance, prerequisites and stackability."""
        manifest = self._manifest
        qualification = self._part(
            "Qualification",
            "qualification",
            title=self._title(),
            homepage=self._part("WebResource", "homepage", contentURL=self._here),
            language=[_language(each) for each in manifest.languages],
            volumeOfLearning=self._hours(),
            mode=_mode(manifest.participation.mode),
            learningOutcome=[self._outcome(place) for place in range(len(manifest.outcomes))],
            entryRequirement=self._note("entry", manifest.prerequisites.en),
            isPartialQualification=bool(manifest.stackability.stacks_into),
            accreditation=[self._quality_assurance()],
        )
        if manifest.field is not None:
            qualification["thematicArea"] = [
                _concept(f"{_SNB}/isced-f/{manifest.field.isced_f}", f"{_SNB}/isced-f/{_SCHEME}", manifest.field.name)
            ]
        if manifest.credits:
            qualification["creditPoint"] = [self._credit(place) for place in range(len(manifest.credits))]
        for level in (each for each in manifest.levels if each.framework == "EQF"):
            qualification["eqfLevel"] = _eqf(level)
        national = [
            self._own_concept(f"level-{each.framework}", f"{each.framework} level {each.level}")
            for each in manifest.levels
            if each.framework != "EQF"
        ]
        return qualification | ({"nqfLevel": national} if national else {})

    def _outcome(self, place: int) -> dict[str, Any]:
        outcome = self._manifest.outcomes[place]
        title = {"en": outcome.text.en} | ({"fil": outcome.text.fil} if outcome.text.fil else {})
        found = self._part("LearningOutcome", f"outcome-{outcome.id}", title=title)
        skills = [
            _concept(each.url, "http://data.europa.eu/esco/concept-scheme/skills", each.name)
            for each in outcome.skills
            if each.framework == "ESCO"
        ]
        return found | ({"relatedESCOSkill": skills} if skills else {})

    def _credit(self, place: int) -> dict[str, Any]:
        credit = self._manifest.credits[place]
        if credit.system == "ECTS":
            framework = _concept(
                f"{_SNB}/education-credit/6fcec5c5af", f"{_SNB}/education-credit/{_SCHEME}", "European Credit Transfer System"
            )
        else:
            framework = self._own_concept(f"credit-{place}", credit.system)
        return self._part("CreditPoint", f"credit-point-{place}", framework=framework, point=f"{credit.points:g}")

    def _quality_assurance(self) -> dict[str, Any]:
        quality = self._manifest.qa
        return self._part(
            "Accreditation",
            "accreditation",
            title={"en": quality.scheme},
            dcType=self._own_concept("quality-type", quality.scheme),
            accreditingAgent=self._part("Organisation", "quality-body", legalName={"en": quality.body}),
            decision=self._own_concept("decision", f"Reviewed by {quality.reviewed_by} on {quality.reviewed_on}"),
            homepage=self._part("WebResource", "quality-page", contentURL=quality.statement_url),
            reviewDate=f"{quality.review_by}",
        )

    def _organisation(self) -> dict[str, Any]:
        """Return awarding body and issuer, with its country."""
        issuer = self._document["issuer"]
        alpha_2 = issuer["address"]["addressCountryCode"]
        alpha_3 = find_alpha_3(alpha_2)
        country = (
            _authority("country", alpha_3, alpha_2) if alpha_3 else self._own_concept("country", alpha_2)
        )  # fmt: skip
        address = self._part("Address", "address", countryCode=country)
        contact = self._part(
            "ContactPoint", "contact", emailAddress={"id": f"mailto:{issuer['email']}", "type": "Mailbox"}
        )  # fmt: skip
        body = self._manifest.awarding_body
        return {
            "id": issuer["id"],
            "type": "Organisation",
            "legalName": {"en": body.legal_name or issuer["name"]},
            "altLabel": {"en": issuer["name"]},
            "homepage": self._part("WebResource", "issuer-homepage", contentURL=issuer["url"]),
            "location": [self._part("Location", "location", address=address)],
            "contactPoint": contact,
        }

    def _supervision(self) -> dict[str, Any]:
        """Return the list's entry where it is known to fit, otherwise the manifest's words."""
        if self._manifest.supervision == "none" and self._manifest.identity_assurance in ("none", "account"):
            return _concept(
                f"{_SNB}/supervision-verification/{_UNSUPERVISED[0]}", f"{_SNB}/supervision-verification/{_SCHEME}", _UNSUPERVISED[1]
            )
        return self._own_concept("supervision", supervision_in_words(self._manifest))

    def _title(self) -> dict[str, str]:
        title = self._manifest.title
        return {"en": title.en} | ({"fil": title.fil} if title.fil else {})

    def _hours(self) -> str:
        total = self._manifest.notional_hours.total
        minutes = round(total % 1 * 60)
        return f"PT{int(total)}H" + (f"{minutes}M" if minutes else "")

    def _note(self, key: str, text: str) -> dict[str, Any]:
        return self._part("Note", key, noteLiteral={"en": text})

    def _own_concept(self, key: str, label: str) -> dict[str, Any]:
        return _concept(self._urn("concept", key), self._urn("conceptScheme", key), label)

    def _part(self, type_: str, key: str, **members: Any) -> dict[str, Any]:
        return {"id": self._urn(type_[0].lower() + type_[1:], key), "type": type_, **members}

    def _urn(self, kind: str, key: str) -> str:
        return f"urn:epass:{kind}:{uuid.uuid5(self._namespace, f'elm/{kind}/{key}')}"


def _concept(identifier: str, scheme: str, label: str) -> dict[str, Any]:
    return {"id": identifier, "type": "Concept", "inScheme": {"id": scheme, "type": "ConceptScheme"}, "prefLabel": {"en": label}}


def _authority(table: str, code: str, label: str) -> dict[str, Any]:
    return _concept(f"{_AUTHORITY}/{table}/{code}", f"{_AUTHORITY}/{table}", label) | {"notation": table}


def _language(code: str) -> dict[str, Any]:
    authority, label = _LANGUAGES.get(code.partition("-")[0], ("MUL", "multilingual content"))
    return _authority("language", authority, label)


def _mode(mode: str) -> dict[str, Any]:
    identifier, label = _MODES[mode]
    return _concept(f"{_SNB}/learning-assessment/{identifier}", f"{_SNB}/learning-assessment/{_SCHEME}", label)


def _eqf(level: Level) -> dict[str, Any]:
    return _concept(f"{_SNB}/eqf/{level.level}", f"{_SNB}/eqf/{_SCHEME}", f"Level {level.level}")
