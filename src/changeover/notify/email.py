"""E-mail: one letter for each message, over a connection that is encrypted before it says more."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage

from changeover.core.errors import ChannelError
from changeover.core.model import Notification
from changeover.core.text import redact, shorten
from changeover.core.values import MAILBOX, Secret
from changeover.notify.addresses import RefusedAddressError, allowed, check_literal
from changeover.notify.letter import letter
from changeover.notify.message import printable

logger = logging.getLogger("changeover.alerts")

PORTS = {"starttls": 587, "tls": 465, "none": 25}
_MOST_AT_ONCE = 8  # threads on servers that hang


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where letters are handed in.

    Attributes:
        host: its name, which its certificate must bear.
        port: 0 for the usual one: 587 with STARTTLS, 465 with TLS, 25 without.
        security: `starttls`, `tls` (from the first byte) or `none`.
        user, password: to log in with; None where the server asks for none.
    """

    host: str
    port: int = 0
    security: str = "starttls"
    user: str | None = None
    password: Secret | None = None


class EmailChannel:
    """Sends letters through one server.

    Args:
        server: where letters are handed in.
        sender: a plain address.
        recipients: plain addresses, at least one.
        bot: what tells this bot's letters from another's of the same sender.
        timeout_s: for one attempt, from the connection to the server's word that it has it.
        allow_private: connect to private and loopback addresses, too.
        tls: whom to trust; by default what the system does.

    Attributes:
        answered: the code of the last answer, or None.

    Raises:
        BadValueError: for what is no plain address.
    """

    name = "email"

    def __init__(
        self,
        server: MailServer,
        *,
        sender: str,
        recipients: Sequence[str],
        bot: str = "",
        timeout_s: float = 10.0,
        allow_private: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server
        self._sender = MAILBOX.parse("ALERT_EMAIL_FROM", sender)
        self._recipients = [MAILBOX.parse("ALERT_EMAIL_TO", one) for one in recipients]
        self._bot = bot
        self._timeout_s = timeout_s
        self._allow_private = allow_private
        self._tls = tls
        self._free = threading.BoundedSemaphore(_MOST_AT_ONCE)
        self.answered: int | None = None

    def __repr__(self) -> str:
        return f"EmailChannel({self._server.host!r}, password=***)"

    async def send(self, notification: Notification) -> str | None:
        """Hand in one letter.

        Raises:
            ChannelError: permanent for a 5xx of the server; without any secret.
        """
        message = letter(
            notification, sender=self._sender, recipients=self._recipients, bot=self._bot
        )
        connection = _Connection()
        try:
            async with asyncio.timeout(self._timeout_s):
                await asyncio.to_thread(self._hand_in, message, connection)
        except TimeoutError:
            raise ChannelError(f"no answer within {self._timeout_s:g} s") from None
        finally:
            connection.abort()  # a thread that still waits for the server waits no longer
        return None

    async def close(self) -> None:
        """Nothing to give back: each letter has a connection of its own."""

    def _hand_in(self, message: EmailMessage, connection: _Connection) -> None:
        if not self._free.acquire(blocking=False):
            raise ChannelError("the messages before are still being sent")
        try:
            with self._errors(), connection:
                self._talk(message, connection)
        finally:
            self._free.release()

    def _talk(self, message: EmailMessage, connection: _Connection) -> None:
        server = self._server
        smtp = connection.smtp = self._opened()
        smtp.connect(server.host, server.port or PORTS[server.security])
        if server.security == "starttls":
            smtp.starttls(context=self._context())
        if server.user is not None and server.password is not None:
            smtp.login(server.user, server.password.reveal())
        if connection.is_aborted:
            raise ChannelError("the time is over")  # and the letter owed: it is not sent twice
        refused = smtp.send_message(message, self._sender, self._recipients)
        self.answered = 250
        if refused:
            logger.warning("%d of %d recipients were refused", len(refused), len(self._recipients))

    def _opened(self) -> smtplib.SMTP:
        name = self._sender.rpartition("@")[2]
        options = (self._server.host, name, self._timeout_s, self._allow_private)
        if self._server.security == "tls":
            return _TlsSmtp(*options, context=self._context())
        return _Smtp(*options)

    def _context(self) -> ssl.SSLContext:
        return self._tls or ssl.create_default_context()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Errors of the mail library as what they mean, without a secret."""
        try:
            yield
        except smtplib.SMTPRecipientsRefused as error:
            answers = list(error.recipients.values())
            worst = min(answers, key=lambda answer: answer[0])  # 4xx: one may take it later
            raise self._refused(*worst) from None
        except smtplib.SMTPResponseException as error:
            raise self._refused(error.smtp_code, error.smtp_error) from None
        except smtplib.SMTPException as error:
            told = f"{type(error).__name__}: {self._redacted(str(error))}"
            raise ChannelError(told) from None
        except RefusedAddressError as error:
            raise ChannelError(str(error)) from None
        except ssl.SSLError as error:
            detail = getattr(error, "verify_message", "") or error.reason or ""
            raise ChannelError(f"no TLS: {self._redacted(str(detail))}") from None
        except socket.gaierror:
            raise ChannelError("no connection: the host's name is not known") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise ChannelError(f"no connection: {self._redacted(reason)}") from None

    def _refused(self, code: int, answer: bytes | str) -> ChannelError:
        self.answered = code
        text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
        detail = self._redacted(text)
        return ChannelError(f"answered {code}: {detail}", permanent=code >= 500)

    def _redacted(self, text: str) -> str:
        for secret in self._secrets():
            text = text.replace(secret, "***")
        return shorten(printable(redact(" ".join(text.split()))), 200)

    def _secrets(self) -> Iterator[str]:
        """The password, as it is and as logging in writes it."""
        if self._server.password is None:
            return
        password = self._server.password.reveal()
        for text in (f"\0{self._server.user}\0{password}", password):
            yield base64.b64encode(text.encode()).decode()
        yield password


class _Connection:
    """What a thread has open, for another thread to break off."""

    def __init__(self) -> None:
        self.smtp: smtplib.SMTP | None = None
        self.is_aborted = False

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        smtp, self.smtp = self.smtp, None
        if smtp is None or smtp.sock is None:
            return
        with contextlib.suppress(smtplib.SMTPException, OSError, ValueError):
            smtp.sock.settimeout(1)  # it has the letter; its farewell is a courtesy
            smtp.quit()
        smtp.close()

    def abort(self) -> None:
        self.is_aborted = True
        sock = self.smtp and self.smtp.sock
        if sock:
            with contextlib.suppress(OSError):  # the descriptor itself: TLS has nothing to say
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


class _Smtp(smtplib.SMTP):
    """Connects to an address that it looked at, rather than to a name."""

    def __init__(self, host: str, name: str, timeout_s: float, allow_private: bool) -> None:
        self._allow_private = allow_private
        super().__init__(local_hostname=name, timeout=timeout_s)
        self._host = host  # whose certificate is wanted

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return _connected(host, port, timeout, self._allow_private)


class _TlsSmtp(smtplib.SMTP_SSL):
    """The same, with TLS from the first byte."""

    def __init__(
        self,
        host: str,
        name: str,
        timeout_s: float,
        allow_private: bool,
        *,
        context: ssl.SSLContext,
    ) -> None:
        self._allow_private = allow_private
        super().__init__(local_hostname=name, timeout=timeout_s, context=context)
        self._host = host
        self._context = context

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = _connected(host, port, timeout, self._allow_private)
        return self._context.wrap_socket(plain, server_hostname=self._host)


def _connected(host: str, port: int, timeout_s: float, allow_private: bool) -> socket.socket:
    check_literal(host, allow_private=allow_private)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    hosts = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    failure: OSError = OSError(f"{len(hosts)} addresses")
    for one in allowed(hosts, allow_private=allow_private):
        try:
            return socket.create_connection((one, port), timeout_s)
        except OSError as error:
            failure = error
    raise failure
