from __future__ import annotations

from datetime import date
from urllib.parse import parse_qs, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from issuer.linkedin import Certification, add_to_profile_link

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(TEXT, TEXT, TEXT)
def test_every_value_arrives_as_it_is_whatever_is_in_it(name: str, organisation: str, credential: str) -> None:
    certification = Certification(
        name, organisation + "x", date(2026, 8, 1), "https://uni.example/verify/1?a=b&c=d", credential, date(2028, 12, 1)
    )
    parts = urlsplit(add_to_profile_link(certification))
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == ("https", "www.linkedin.com", "/profile/add", "")
    assert parse_qs(parts.query, keep_blank_values=True, strict_parsing=True) == {
        "startTask": ["CERTIFICATION_NAME"],
        "name": [name],
        "organizationName": [organisation + "x"],
        "issueYear": ["2026"],
        "issueMonth": ["8"],
        "expirationYear": ["2028"],
        "expirationMonth": ["12"],
        "certUrl": ["https://uni.example/verify/1?a=b&c=d"],
        "certId": [credential],
    }


def test_the_institutions_number_takes_the_place_of_its_name_and_no_end_is_no_end() -> None:
    link = add_to_profile_link(Certification("R & D", "12345", date(2026, 8, 1), "https://uni.example", "urn:uuid:1"))
    assert "organizationId=12345" in link
    assert "expiration" not in link
    assert "name=R%20%26%20D" in link
