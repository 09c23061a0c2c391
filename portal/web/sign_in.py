"""How people sign in: through the hub (OAuth with PKCE, checked by its own library), or, where the portal runs alone, not at all.

Behind a hub every handler class is combined with the hub's, which identifies the visitor, keeps forms from being sent by other sites, and sends who has to
sign in to the hub.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from tornado.web import RequestHandler, authenticated

from portal.web.page_handler import PageHandler
from portal.web.portal_site import PortalSite
from portal.web.trying_out import TryOutEndHandler, TryOutHandler

Route = tuple[str, type[PageHandler]]
_CACHE_SECONDS = 30
"""How long the hub's word about a visitor is believed: somebody whose group was changed sees it after this time."""


class SignInHandler(PageHandler):
    """Signs in and goes on to one's own page."""

    @authenticated
    def get(self) -> None:
        """Send who is signed in on."""
        self.redirect(f"{self.portal.prefix}{self.visitor.first_page}")


def behind_hub(routes: Sequence[Route], portal: PortalSite, secret: bytes) -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """Return the routes with handlers that the hub signs people in for, and the one that ends the signing in.

    Args:
        secret: the same for every process of this portal.
    """
    from jupyterhub.services.auth import HubOAuthCallbackHandler, HubOAuthenticated

    from portal.web.oauth_states import SealedStates, state_key

    SealedStates.instance(cache_max_age=_CACHE_SECONDS, state_key=state_key(secret))  # what every class of the hub's takes for HubOAuth's
    signing: list[Route] = [*routes, (f"{portal.prefix}sign-in", SignInHandler)]
    combined: list[tuple[str, type[RequestHandler], dict[str, Any]]] = [
        (path, type(f"Hub{handler.__name__}", (HubOAuthenticated, handler), _own_rule(handler)), {"portal": portal})
        for path, handler in signing
    ]
    return [*combined, (f"{portal.prefix}oauth_callback", HubOAuthCallbackHandler, {})]


def _own_rule(handler: type[PageHandler]) -> dict[str, Any]:
    """Return a handler's own rule about form tokens, which the hub's would hide: that of pages that change nothing, and that programs may ask."""
    own = handler.check_xsrf_cookie
    return {} if own is RequestHandler.check_xsrf_cookie else {"check_xsrf_cookie": own}


def alone(routes: Sequence[Route], portal: PortalSite) -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """Return the routes as they are: nobody signs in, but for trying out."""
    trying: list[Route] = [*routes, (f"{portal.prefix}sign-in", TryOutHandler), (f"{portal.prefix}sign-out", TryOutEndHandler)]
    return [(path, handler, {"portal": portal}) for path, handler in trying]


def is_behind_hub() -> bool:
    """Whether a hub started this process as its service."""
    return bool(os.environ.get("JUPYTERHUB_API_TOKEN") and os.environ.get("JUPYTERHUB_SERVICE_PREFIX"))
