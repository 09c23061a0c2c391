"""Into a wallet: an address that gives the credential to whoever asks within some minutes, as a QR code, a plain link, and a VC API exchange.

The address holds a signed, expiring token and nothing else decides: a wallet has no account here. Only the holder's page makes one, and a withdrawn credential is
given to nobody.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import timedelta
from urllib.parse import quote, urlsplit

from tornado.web import HTTPError, authenticated

from portal.learner_credentials import wallet_document
from portal.web.learner.credentials import OneCredentialHandler, WalletPage, qr_code, wallet_request
from portal.web.page_handler import PageHandler

LASTS = timedelta(minutes=15)
_SIGNED_AS = "wallet"
_VP_CONTEXT = "https://www.w3.org/ns/credentials/v2"


class WalletHandler(OneCredentialHandler):
    """The ways into a wallet."""

    @authenticated
    async def get(self, name: str) -> None:
        """Show them, with a new address."""
        credential = await self.own(name)
        if not credential.is_in_force:
            raise HTTPError(404)
        signed = self.create_signed_value(_SIGNED_AS, credential.id)
        token = base64.urlsafe_b64encode(signed).decode("ascii").rstrip("=")
        address = self.link("wallet", token)
        parts = urlsplit(address)
        request = wallet_request(f"{address}/exchange", f"{parts.scheme}://{parts.netloc}")
        page = WalletPage(
            title=self.gettext("Put it into a wallet"),
            credential=credential,
            address=address,
            link=f"https://lcw.app/request?request={quote(request, safe='')}",
            qr=qr_code(address, self.gettext("QR code for a wallet")),
            ends_at=self.portal.now() + LASTS,
        )
        self.show("learner/wallet.html", page)


class WalletDocumentHandler(PageHandler):
    """What a wallet reads."""

    is_for_machines = True

    async def get(self, token: str) -> None:
        """Send the credential."""
        self._send(await self._document(token), "application/vc")

    async def _document(self, token: str) -> dict[str, object]:
        try:
            signed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii")
        except (binascii.Error, ValueError) as garbled:
            raise HTTPError(404) from garbled
        name = self.get_signed_cookie(_SIGNED_AS, value=signed, max_age_days=LASTS / timedelta(days=1))
        document = await self.compute(wallet_document, self.portal.site, name.decode("utf-8")) if name else None
        if document is None:
            raise HTTPError(404)
        return document

    def _send(self, document: dict[str, object], media_type: str) -> None:
        self.set_header("Access-Control-Allow-Origin", "*")  # wallets in browsers read it; the token is the only key there is
        self.set_header("Content-Type", media_type)
        self.finish(json.dumps(document, ensure_ascii=False))


class WalletExchangeHandler(WalletDocumentHandler):
    """The same in one step of a VC API exchange: a wallet posts an empty message and gets a presentation that holds the credential."""

    def check_xsrf_cookie(self) -> None:
        """Let wallets post: they have no cookies, and nothing is changed."""

    async def post(self, token: str) -> None:
        """Send the presentation (VC API 0.7, 3.6.5: the last step of an exchange)."""
        document = await self._document(token)
        presentation = {"@context": [_VP_CONTEXT], "type": ["VerifiablePresentation"], "verifiableCredential": [document]}
        self._send({"verifiablePresentation": presentation}, "application/json")
