"""The description of every JSON endpoint (OpenAPI 3.1), put together from what each takes and gives. Pure, but for the handler.

A test fuzzes the running portal by it: what is answered has to be what is described here.
"""

from __future__ import annotations

import json
from typing import Any

from portal.web.negotiation import answer_public_file
from portal.web.public.verify_pages import VerificationHandler

_UUID = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_TOKEN = "^[A-Za-z0-9_-]{43}$"  # noqa: S105 - a pattern
_STATES = ["passed", "failed", "note", "not checked"]
_FOR_AN_HOUR = 3600

Json = dict[str, Any]


def openapi_document(prefix: str, institution: str) -> Json:
    """Return the description of a portal whose pages begin with `prefix`."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Credentials of {institution}",
            "version": "1",
            "description": "Everything that answers in JSON. Pages answer in JSON where `Accept` asks for it; errors too, as `Problem`.",
        },
        "servers": [{"url": prefix.rstrip("/") or "/"}],
        "paths": {**_public_paths(), **_file_paths(), **_vc_api_paths(), **_wallet_paths()},
        "components": {"schemas": _schemas()},
    }


def _public_paths() -> Json:
    return {
        "/healthz": {"get": _operation("Whether the portal can do its work", {"200": _json("Health"), "503": _json("Health")})},
        "/openapi.json": {"get": _operation("This document", {"200": _any_json("application/json")})},
        "/verify": {
            "post": _operation(
                "Check a credential: the body is its JSON, or its JWT",
                {"200": _json("Result"), **_refusals("400", "413", "429", "503")},
                body={"application/json": {"schema": {"type": "object"}}, "application/jwt": {"schema": {"type": "string"}}},
            )
        },
        "/verify/{number}": {
            "get": _operation(
                "Check a credential that was issued here, by its number",
                {"200": _json("Result"), **_refusals("404", "410", "429", "503")},
                parameters=[_in_path("number", _UUID)],
            )
        },
        "/c/{token}/credential.json": {
            "get": _operation(
                "The signed file of a shared credential, if its holder gives it",
                {"200": _any_json("application/vc+ld+json"), **_refusals("404", "429", "503")},
                parameters=[_in_path("token", _TOKEN)],
            )
        },
    }


def _file_paths() -> Json:
    def published(summary: str, *parameters: Json) -> Json:
        kinds = ("application/json", "application/did+json", "application/vc+ld+json", "application/ld+json")
        answers = {"200": _any_json(*kinds), "304": {"description": "As it was"}, **_refusals("404")}
        return {"get": _operation(summary, answers, parameters=list(parameters))}

    return {
        "/did.json": published("The issuer's DID document: whose keys count"),
        "/.well-known/did.json": published("The same"),
        "/status/{name}": published(
            "A signed status list, or the head of the audit log", _in_path("name", r"^([0-9]{1,9}|audit-head)\.json$")
        ),
        "/status/notices/{name}": published(
            "The signed notice of why a credential was withdrawn", _in_path("name", rf"{_UUID[:-1]}\.json$")
        ),
        "/achievements/{course}/{version}": published(
            "A course version as an Open Badges achievement",
            _in_path("course", "^[a-z0-9-]{1,40}$"),
            _in_path("version", r"^[0-9.]{1,12}$"),
        ),
    }


def _vc_api_paths() -> Json:
    credential: Json = {
        "type": "object",
        "required": ["credential"],
        "properties": {"credential": {"type": "object"}, "options": {"type": "object"}},
    }
    return {
        "/credentials/verify": {
            "post": _operation(
                "VC API: verify a credential",
                {"200": _json("Verification"), **_refusals("400", "413", "415", "429", "503")},
                body=_body("VerifyRequest"),
            )
        },
        "/credentials/issue": {
            "post": _operation(
                "VC API: get a credential that was prepared, approved and issued; nothing is signed here. Registrars only, with the form token",
                {"201": _json("Issued"), **_refusals("400", "401", "403", "413", "415", "429", "503")},
                body={"application/json": {"schema": credential}},
            )
        },
        "/credentials/status": {
            "post": _operation(
                "VC API: revoke, suspend, or end a suspension. Registrars only, with the form token",
                {"200": _json("StatusChanged"), **_refusals("400", "401", "403", "413", "415", "429")},
                body=_body("StatusRequest"),
            )
        },
    }


def _wallet_paths() -> Json:
    token = _in_path("token", "^[A-Za-z0-9_-]{20,600}$")
    presentation = _any_json("application/json")
    return {
        "/wallet/{token}": {
            "get": _operation(
                "The credential for a wallet, for some minutes",
                {"200": _any_json("application/vc"), **_refusals("404")},
                parameters=[token],
            )
        },
        "/wallet/{token}/exchange": {
            "post": _operation("The same as a VC API exchange of one step", {"200": presentation, **_refusals("404")}, parameters=[token])
        },
    }


def _schemas() -> Json:
    text, check = {"type": "string"}, {"type": "object", "required": ["name", "state"], "properties": {"name": {"type": "string"}}}
    detail = _object({"type": text, "title": text, "detail": text}, "title", "detail")
    entry = _object(
        {"type": {"const": "BitstringStatusListEntry"}, "statusPurpose": {"enum": ["revocation", "suspension"]}}, "type", "statusPurpose"
    )
    number = {"type": "string", "pattern": f"^urn:uuid:{_UUID[1:]}"}
    return {
        "Problem": _object({"problem": text, "remedy": text}, "problem", "remedy"),
        "Health": _object({"status": {"enum": ["ok", "failing"]}, "checks": {"type": "object", "additionalProperties": text}}, "status", "checks"),
        "Result": _object(
            {
                "verdict": text,
                "word": text,
                "told": text,
                "checked_at": {"type": "string", "format": "date-time"},
                "checks": {"type": "array", "items": check},
                "credential": {"type": ["object", "null"]},
                "badges": {"type": "array", "items": {"type": "object"}},
            },
            "verdict", "word", "told", "checked_at", "checks", "credential", "badges",
        ),
        "Verification": _object(
            {
                "verified": {"type": "boolean"},
                "verdict": text,
                "checks": {"type": "array", "items": _object({"name": text, "state": {"enum": _STATES}, "sentence": text}, "name", "state", "sentence")},
                "warnings": {"type": "array", "items": detail},
                "errors": {"type": "array", "items": detail},
            },
            "verified", "verdict", "checks", "warnings", "errors",
        ),
        "VerifyRequest": _object({"verifiableCredential": {"type": ["object", "string"]}, "options": {"type": "object"}}, "verifiableCredential"),
        "Issued": _object({"verifiableCredential": {"type": "object"}}, "verifiableCredential"),
        "StatusRequest": _object(
            {
                "credentialId": number,
                "credentialStatus": {"anyOf": [entry, {"type": "array", "items": entry, "minItems": 1, "maxItems": 1}]},
                "status": {"enum": [True, False, "1", "0"]},
                "reasonCode": text,
                "note": text,
            },
            "credentialId", "credentialStatus", "status", "note",
        ),
        "StatusChanged": _object(
            {"credentialId": number, "state": text, "changed": {"type": "boolean"}, "waits": {"type": "boolean"}}, "credentialId", "state", "changed", "waits"
        ),
    }  # fmt: skip


def _object(properties: Json, *required: str) -> Json:
    return {"type": "object", "properties": properties, "required": list(required)}


def _operation(summary: str, answers: Json, *, parameters: list[Json] | None = None, body: Json | None = None) -> Json:
    found: Json = {"summary": summary, "responses": answers}
    if parameters:
        found["parameters"] = parameters
    if body is not None:
        found["requestBody"] = {"required": True, "content": body}
    return found


def _in_path(name: str, pattern: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": pattern}}


def _body(schema: str) -> Json:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _json(schema: str) -> Json:
    return {"description": schema, "content": _body(schema)}


def _any_json(*kinds: str) -> Json:
    return {"description": "The document", "content": {kind: {"schema": {"type": "object"}} for kind in kinds}}


def _refusals(*statuses: str) -> Json:
    return {status: {"description": _TOLD[status], "content": _body("Problem")} for status in statuses}


_TOLD = {
    "400": "What was sent is not what is wanted",
    "401": "Nobody is signed in",
    "403": "Not for this visitor, or without the form token, or not approved",
    "404": "There is none",
    "410": "It was erased at its holder's wish",
    "413": "It is too large",
    "415": "It was not sent as JSON",
    "429": "Too often in a short time",
    "503": "Too much is done at this moment, or the site cannot read or write its records",
}


class OpenApiHandler(VerificationHandler):
    """The description."""

    def get(self) -> None:
        """Send it."""
        document = openapi_document(self.portal.prefix, self.portal.site.settings.issuer.name)
        answer_public_file(self, json.dumps(document, indent=2).encode("utf-8"), "application/json", max_age_s=_FOR_AN_HOUR)
