"""Sign webhooks as the specification of Standard Webhooks says."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode

from gateway.settings.action_settings import SECRET_PREFIX


class WebhookSigner:
    """Signs the webhooks of a target. `secret` is `whsec_` and the key in Base64."""

    def __init__(self, secret: str) -> None:
        self._key = b64decode(secret.removeprefix(SECRET_PREFIX))

    def headers(self, id_: str, timestamp: int, body: bytes) -> dict[str, str]:
        """Write the headers of a webhook: its id, the time of this attempt in seconds since 1970, and the signature of all."""
        signed = b"%b.%d.%b" % (id_.encode(), timestamp, body)
        signature = b64encode(hmac.digest(self._key, signed, "sha256")).decode()
        return {"webhook-id": id_, "webhook-timestamp": str(timestamp), "webhook-signature": f"v1,{signature}"}
