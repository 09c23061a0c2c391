"""Who may see every address of the portal, and who may send its form: one table. A route that is not in it fails a test.

Ana owns what addresses name: the credential, the attempt, the request, the links. Ben learns in the same course, Nina in none; `stranger` teaches another course.
"""

from __future__ import annotations

from dataclasses import dataclass

from portal.web.portal_site import Person
from tests.portal.web.running import PEOPLE
from tests.small_site import COURSE

WALKERS = (
    *PEOPLE,
    Person("stranger", "teaches another course", ("formgrade-another-course",)),
    Person("ana", "learns", (f"nbgrader-{COURSE}",)),
    Person("ben", "learns", (f"nbgrader-{COURSE}",)),
    Person("nina", "learns in no course", ()),
)
EVERYBODY = frozenset({"", "ana", "ben", "nina", "faculty", "stranger", "clerk", "registrar", "quality", "administrator"})
"""The people of the walk; the empty name is nobody in particular."""
SIGNED_IN = EVERYBODY - {""}
ANA, COURSEMATES, TEACHER = frozenset({"ana"}), frozenset({"ana", "ben"}), frozenset({"faculty"})
REGISTRAR, APPROVER, QUALITY, ADMIN = frozenset({"clerk"}), frozenset({"registrar"}), frozenset({"quality"}), frozenset({"administrator"})
AWARDING = REGISTRAR | APPROVER
OFFICE = AWARDING | QUALITY | ADMIN
REVIEWING = TEACHER | QUALITY
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rule:
    """One address."""

    address: str
    """With `{credential}`, `{batch}`, `{request}`, `{shared}`, `{record}`, `{wallet}` for what Ana owns."""
    sees: frozenset[str] | None = None
    """Who gets it; None: there is nothing to get."""
    sends: frozenset[str] | None = None
    """Who may send its form; None: it has none."""
    may_be_empty: bool = False
    """Whether who may see it is told that there is nothing yet (404)."""
    is_public: bool = False
    """Whether everybody may read of Ana there: by a link of hers, or by her credential's number."""
    is_for_programs: bool = False
    """Whether its form is sent by programs, which have no token of a page."""


_UUID = r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_BATCH = r"([0-9a-f-]{8,36})"
_ID = r"([a-z0-9]+(?:-[a-z0-9]+)*)"
_CREDENTIAL = r"my/credentials/([0-9a-f-]{36})"
_WORK = rf"my/{_ID}/([^/]+)"

PUBLIC = {
    r"": Rule("", EVERYBODY),
    r"courses": Rule("courses", EVERYBODY),
    r"courses/([^/]+)": Rule(f"courses/{COURSE}", EVERYBODY),
    r"courses/([^/]+)/sample": Rule(f"courses/{COURSE}/sample", EVERYBODY),
    r"achievements/([^/]+)/([^/]+)": Rule(f"achievements/{COURSE}/{{version}}", EVERYBODY),
    r"achievements/([^/]+)/([^/]+)/outcomes/([^/]+)": Rule(f"achievements/{COURSE}/{{version}}/outcomes/LO1", EVERYBODY),
    r"achievements/([^/]+)/([^/]+)/([^/]+)": Rule(f"achievements/{COURSE}/{{version}}/badge.png", EVERYBODY, may_be_empty=True),
    r"verify": Rule("verify", EVERYBODY, EVERYBODY, is_for_programs=True),
    r"verify/([^/]+)": Rule("verify/{credential}", EVERYBODY, is_public=True),
    r"verify/([^/]+)/certificate\.png": Rule("verify/{credential}/certificate.png", EVERYBODY, is_public=True),
    r"c/([^/]+)": Rule("c/{shared}", EVERYBODY, is_public=True),
    r"c/([^/]+)/credential\.json": Rule("c/{shared}/credential.json", EVERYBODY, is_public=True),
    r"trust": Rule("trust", EVERYBODY),
    r"\.well-known/did\.json": Rule(".well-known/did.json", EVERYBODY, may_be_empty=True),
    r"did\.json": Rule("did.json", EVERYBODY, may_be_empty=True),
    r"status/(.+)": Rule("status/1", EVERYBODY, may_be_empty=True),
    r"robots\.txt": Rule("robots.txt", EVERYBODY),
    r"record/([A-Za-z0-9_-]{43})": Rule("record/{record}", EVERYBODY, is_public=True),
    r"wallet/([A-Za-z0-9_-]{20,600})": Rule("wallet/{wallet}", EVERYBODY, is_public=True),
    r"wallet/([A-Za-z0-9_-]{20,600})/exchange": Rule(
        "wallet/{wallet}/exchange", EVERYBODY, EVERYBODY, is_public=True, is_for_programs=True
    ),
}
API = {
    r"healthz": Rule("healthz", EVERYBODY),
    r"openapi\.json": Rule("openapi.json", EVERYBODY),
    r"credentials/verify": Rule("credentials/verify", None, EVERYBODY, is_for_programs=True),
    r"credentials/issue": Rule("credentials/issue", None, REGISTRAR),
    r"credentials/status": Rule("credentials/status", None, REGISTRAR),
}
LEARNER = {
    r"my": Rule("my", SIGNED_IN),
    r"my/requests": Rule("my/requests", SIGNED_IN),
    r"my/requests/new": Rule("my/requests/new?kind=mistake", SIGNED_IN, SIGNED_IN),
    r"my/credentials": Rule("my/credentials", SIGNED_IN),
    _CREDENTIAL: Rule("my/credentials/{credential}", ANA),
    rf"{_CREDENTIAL}/claim": Rule("my/credentials/{credential}/claim", ANA, ANA),
    rf"{_CREDENTIAL}/wallet": Rule("my/credentials/{credential}/wallet", ANA),
    rf"{_CREDENTIAL}/files/([a-z-]{{3,8}})": Rule("my/credentials/{credential}/files/json", ANA),
    r"my/record": Rule("my/record", SIGNED_IN, SIGNED_IN),
    r"my/record/clr": Rule("my/record/clr", None, SIGNED_IN),
    r"my/data": Rule("my/data", SIGNED_IN, SIGNED_IN),
    r"my/data/download": Rule("my/data/download", SIGNED_IN),
    rf"my/{_ID}": Rule(f"my/{COURSE}", COURSEMATES),
    rf"my/{_ID}/name": Rule(f"my/{COURSE}/name", COURSEMATES, COURSEMATES),
    rf"my/{_ID}/name/preview\.png": Rule(f"my/{COURSE}/name/preview.png", COURSEMATES),
    _WORK: Rule(f"my/{COURSE}/basics", COURSEMATES),
    rf"{_WORK}/events": Rule(f"my/{COURSE}/basics/events", COURSEMATES),
    rf"{_WORK}/download": Rule(f"my/{COURSE}/basics/download", COURSEMATES),
    rf"{_WORK}/hand-in": Rule(f"my/{COURSE}/basics/hand-in", COURSEMATES, COURSEMATES),
    rf"{_WORK}/attempts/(\d{{1,6}})": Rule(f"my/{COURSE}/basics/attempts/1", COURSEMATES),
    rf"{_WORK}/attempts/(\d{{1,6}})/files/(.+)": Rule(f"my/{COURSE}/basics/attempts/1/files/basics.ipynb", COURSEMATES),
}
_TEACH = rf"teach/{_ID}"
FACULTY = {
    r"teach": Rule("teach", SIGNED_IN),
    _TEACH: Rule(f"teach/{COURSE}", TEACHER),
    rf"{_TEACH}/report": Rule(f"teach/{COURSE}/report", TEACHER, TEACHER, may_be_empty=True),
    rf"{_TEACH}/learners": Rule(f"teach/{COURSE}/learners", TEACHER),
    rf"{_TEACH}/learners/([^/]+)": Rule(f"teach/{COURSE}/learners/ana", TEACHER, TEACHER),
    rf"{_TEACH}/grading": Rule(f"teach/{COURSE}/grading", TEACHER),
    rf"{_TEACH}/grading/test": Rule(f"teach/{COURSE}/grading/test?learner=ana", TEACHER, may_be_empty=True),
    rf"{_TEACH}/items": Rule(f"teach/{COURSE}/items", TEACHER),
    rf"{_TEACH}/items\.csv": Rule(f"teach/{COURSE}/items.csv", TEACHER),
    rf"{_TEACH}/items/([^/]+)/([^/]+)": Rule(f"teach/{COURSE}/items/basics/test_sum", TEACHER),
    rf"{_TEACH}/similarity": Rule(f"teach/{COURSE}/similarity", TEACHER, TEACHER),
    rf"{_TEACH}/similarity/([^/]+)/([0-9]{{1,4}})": Rule(f"teach/{COURSE}/similarity/basics/1", TEACHER, TEACHER, may_be_empty=True),
    rf"{_TEACH}/regrade": Rule(f"teach/{COURSE}/regrade", TEACHER, TEACHER),
    rf"{_TEACH}/regrade/decide": Rule(f"teach/{COURSE}/regrade/decide", TEACHER, TEACHER),
    rf"{_TEACH}/release": Rule(f"teach/{COURSE}/release", REVIEWING),
    rf"{_TEACH}/release/check": Rule(f"teach/{COURSE}/release/check", None, REVIEWING),
    rf"{_TEACH}/release/publish": Rule(f"teach/{COURSE}/release/publish", None, TEACHER),
    rf"{_TEACH}/release/gate/(check|released)": Rule(f"teach/{COURSE}/release/gate/check", REVIEWING, may_be_empty=True),
    rf"{_TEACH}/release/(submit|comment|approve|return)": Rule(f"teach/{COURSE}/release/approve", None, QUALITY),
}
STAFF = {
    r"office": Rule("office", OFFICE),
    r"office/courses/([^/]+)": Rule(f"office/courses/{COURSE}", AWARDING),
    r"office/courses/([^/]+)/eligibility\.(csv|xlsx)": Rule(f"office/courses/{COURSE}/eligibility.csv", AWARDING),
    r"office/courses/([^/]+)/check": Rule(f"office/courses/{COURSE}/check", AWARDING, REGISTRAR),
    r"office/courses/([^/]+)/check\.(csv|xlsx)": Rule(f"office/courses/{COURSE}/check.csv", AWARDING),
    r"office/batches": Rule("office/batches", AWARDING),
    rf"office/batches/{_BATCH}": Rule("office/batches/{batch}", AWARDING),
    rf"office/batches/{_BATCH}/approve": Rule("office/batches/{batch}/approve", None, APPROVER),
    rf"office/batches/{_BATCH}/return": Rule("office/batches/{batch}/return", None, AWARDING),
    rf"office/batches/{_BATCH}/issue": Rule("office/batches/{batch}/issue", None, REGISTRAR),
    rf"office/batches/{_BATCH}/events": Rule("office/batches/{batch}/events", AWARDING),
    rf"office/batches/{_BATCH}/sample": Rule("office/batches/{batch}/sample?learner=ana", AWARDING),
    rf"office/batches/{_BATCH}/rows\.(csv|xlsx)": Rule("office/batches/{batch}/rows.csv", AWARDING),
    r"office/register": Rule("office/register", AWARDING),
    r"office/register\.(csv|xlsx)": Rule("office/register.csv", AWARDING),
    r"office/register/many": Rule("office/register/many", None, REGISTRAR),
    rf"office/register/{_UUID}": Rule("office/register/{credential}", AWARDING),
    rf"office/register/{_UUID}/withdraw": Rule("office/register/{credential}/withdraw", AWARDING, REGISTRAR),
    rf"office/register/{_UUID}/reinstate": Rule("office/register/{credential}/reinstate", AWARDING, REGISTRAR),
    rf"office/register/{_UUID}/correct": Rule("office/register/{credential}/correct", AWARDING, REGISTRAR),
    rf"office/register/{_UUID}/renew": Rule("office/register/{credential}/renew", AWARDING, REGISTRAR),
    rf"office/register/{_UUID}/file\.(json|pdf|png)": Rule("office/register/{credential}/file.json", AWARDING),
    r"office/decisions": Rule("office/decisions", AWARDING),
    rf"office/decisions/{_UUID}": Rule("office/decisions/{request}", None, APPROVER),
    r"office/requests": Rule("office/requests", AWARDING),
    rf"office/requests/{_UUID}": Rule("office/requests/{request}", AWARDING, AWARDING),
    r"office/audit": Rule("office/audit", AWARDING | ADMIN),
    r"office/audit\.(csv|xlsx)": Rule("office/audit.csv", AWARDING | ADMIN),
    r"office/keys": Rule("office/keys", AWARDING | ADMIN),
    r"office/people": Rule("office/people", ADMIN),
    r"office/exports": Rule("office/exports", AWARDING),
    r"office/health": Rule("office/health", ADMIN),
    r"office/quality": Rule("office/quality", OFFICE),
    r"office/quality/([^/]+)/review-pack": Rule(f"office/quality/{COURSE}/review-pack", QUALITY, QUALITY, may_be_empty=True),
}
RULES: dict[str, Rule] = {**PUBLIC, **API, **LEARNER, **FACULTY, **STAFF}
"""Every route of `portal.web.routes`."""
