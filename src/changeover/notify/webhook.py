"""Any receiver of JSON: a documented schema, a signature, and a key against duplicates."""

from __future__ import annotations

import hashlib
import hmac
import json

from changeover.core.clock import NS_PER_S, Clock
from changeover.core.model import Notification
from changeover.core.values import HTTP_ADDRESS, Secret
from changeover.notify.http import TIMEOUT_S, Form, HttpChannel, address
from changeover.notify.message import message_key, title
from changeover.notify.record import record

SCHEMA = 1
SIGNATURE = "X-Changeover-Signature"


class Webhook(HttpChannel):
    """Posts each message as JSON to one address.

    Args:
        url: where to; a secret, since such addresses hold tokens.
        secret: signs the body (HMAC-SHA256); without it there is no signature.
        clock: for the moment of the signature, and for pauses.
        timeout_s: for one attempt.
        allow_private: connect to private and loopback addresses, too.

    Raises:
        BadValueError: for what is no address of HTTP; without it.
    """

    name = "webhook"

    def __init__(
        self,
        url: Secret,
        *,
        secret: Secret | None = None,
        clock: Clock | None = None,
        timeout_s: float = TIMEOUT_S,
        allow_private: bool = False,
    ) -> None:
        HTTP_ADDRESS.parse("ALERT_WEBHOOK_URL", url.reveal(), secret=True)
        secrets = [url] if secret is None else [url, secret]
        super().__init__(secrets, clock=clock, timeout_s=timeout_s, allow_private=allow_private)
        self._url = url
        self._secret = secret

    async def tell(self, notification: Notification) -> str | None:
        """Post the message; any 2xx accepts it."""
        key = message_key(notification)
        data = encode(notification, key)
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        if self._secret is not None:
            headers[SIGNATURE] = sign(data, self._secret, self._clock.wall_ns() // NS_PER_S)
        answer = await self.ask(Form(address(self._url), data=data, headers=headers))
        if not answer.is_accepted:
            raise self.error(answer)
        return None


def encode(notification: Notification, key: str) -> bytes:
    """The body: the fields of `alerts.log`, with the schema's number, an id and a title."""
    fields = {"schema": SCHEMA, "id": key, "title": title(notification), **record(notification)}
    return json.dumps(fields, ensure_ascii=True, allow_nan=False).encode()


def sign(data: bytes, secret: Secret, at_s: int) -> str:
    """`t=SECONDS,v1=HEX`: HMAC-SHA256 over the seconds since 1970, a dot and the body.

    The moment is signed with the body, so that a receiver can refuse what is sent again later.
    """
    key = secret.reveal().encode()
    digest = hmac.new(key, f"{at_s}.".encode() + data, hashlib.sha256).hexdigest()
    return f"t={at_s},v1={digest}"
