"""What has to be remembered while somebody is away at the hub to sign in: kept by the visitor, sealed, so that any process of the portal can go on with it.

The hub's own library keeps it in the memory of one process: the visitor who comes back to another one, or after a restart, is refused.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from jupyterhub.services.auth import HubOAuth
from traitlets import Bytes

_PURPOSE = b"patunay: what is remembered during a sign-in"
_LONGEST_ADDRESS = 1000
"""Of the page to go on to: the state stands in a cookie, and browsers take cookies of 4 kB. Who came from a longer one goes on to the first page."""


def state_key(cookie_secret: bytes) -> bytes:
    """Return the key of the sealed states that all processes of a portal work out from its secret."""
    return base64.urlsafe_b64encode(hashlib.sha256(_PURPOSE + cookie_secret).digest())


class SealedStates(HubOAuth):  # type: ignore[misc]  # jupyterhub is untyped here
    """The hub's sign-in, with nothing remembered here."""

    state_key = Bytes()

    def generate_state(self, next_url: str | None = None, **extra_state: Any) -> str:
        """Return what is to be remembered, encrypted and signed, with the time."""
        if next_url and len(next_url) > _LONGEST_ADDRESS:
            next_url = None
        return Fernet(self.state_key).encrypt(json.dumps({"next_url": next_url, **extra_state}).encode()).decode("ascii")

    def get_next_url(self, state_id: str = "", /) -> str:
        """Return where to go on to."""
        return str(self._opened(state_id).get("next_url") or self.base_url)

    def get_code_verifier(self, state_id: str = "", /) -> Any:
        """Return the proof that this sign-in was begun here (PKCE, RFC 7636), None if it was not."""
        return self._opened(state_id).get("code_verifier")

    def get_state_cookie_name(self, state_id: str = "", /) -> str:
        """Return which cookie has to have the same state."""
        return str(self._opened(state_id).get("cookie_name") or self.state_cookie_name)

    def _opened(self, state_id: str) -> dict[str, Any]:
        """Return what was remembered; nothing if it was not sealed here, or too long ago."""
        try:
            told = json.loads(Fernet(self.state_key).decrypt(state_id.encode(), ttl=self.oauth_state_max_age))
        except (InvalidToken, ValueError):
            return {}
        return told if isinstance(told, dict) else {}
