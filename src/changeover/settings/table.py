"""The table of settings: a row for each, with its default and what it is about."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, NamedTuple

from changeover.core import values
from changeover.core.values import Grammar, Secret


class Row(NamedTuple):
    """One row of the table: where a setting comes from and what it may be."""

    variable: str
    key: str  # in changeover.toml, such as `monitoring.enabled`
    grammar: Grammar[Any]
    about: str
    secret: bool


def _row(  # the type checker takes a row for its default, as it does with `field`
    variable: str,
    key: str,
    grammar: Grammar[Any],
    default: Any,
    about: str,
    *,
    secret: bool = False,
) -> Any:
    row = Row(variable, key, grammar, about, secret)
    return field(default=default, metadata={"row": row})


def default_data_dir(environ: Mapping[str, str] | None = None) -> Path:
    """A folder of this user's, by the platform's custom."""
    env = os.environ if environ is None else environ
    if sys.platform == "win32":
        return Path(env.get("LOCALAPPDATA", Path.home() / "AppData/Local")) / "changeover"
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support/changeover"
    return Path(env.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "changeover"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set. Without arguments, the defaults; `load()` reads the rest."""

    enabled: bool = _row(
        "MONITORING_ENABLED", "monitoring.enabled", values.BOOLEAN, True,
        "Whether the monitor runs at all. Off, it starts nothing and costs nothing.",
    )  # fmt: skip
    http: bool = _row(
        "MONITORING_HTTP", "monitoring.http", values.BOOLEAN, True,
        "Whether to serve the health endpoints. Off saves about 25 MB.",
    )  # fmt: skip
    dashboard: bool = _row(
        "MONITORING_DASHBOARD", "monitoring.dashboard", values.BOOLEAN, True,
        "Whether to serve the page beside the endpoints.",
    )  # fmt: skip
    host: str = _row(
        "MONITORING_HOST", "monitoring.host", values.ADDRESS, "127.0.0.1",
        "The address to listen on. Any but a loopback address needs MONITORING_TOKEN.",
    )  # fmt: skip
    port: int = _row(
        "HEALTH_CHECK_PORT", "monitoring.port", values.PORT, 3001,
        "The port to listen on; 0 takes a free one. Where it is not set, PORT is used if a "
        "platform sets that.",
    )  # fmt: skip
    token: Secret | None = _row(
        "MONITORING_TOKEN", "monitoring.token", values.TOKEN, None,
        "What a reader must present, as bearer token or as password in the browser's prompt.",
        secret=True,
    )  # fmt: skip
    token_role: str = _row(
        "MONITORING_TOKEN_ROLE", "monitoring.token_role",
        values.choice("viewer", "operator", "admin"), "viewer",
        "What whoever presents MONITORING_TOKEN may do besides reading.",
    )  # fmt: skip
    loopback_role: str = _row(
        "MONITORING_LOOPBACK_ROLE", "monitoring.loopback_role",
        values.choice("viewer", "operator"), "viewer",
        "What whoever asks from this machine may do without a token, where none is needed to read.",
    )  # fmt: skip
    secure_cookie: bool = _row(
        "MONITORING_SECURE_COOKIE", "monitoring.secure_cookie", values.BOOLEAN, False,
        "Whether a login's cookie is always for https alone; over https it is in any case.",
    )  # fmt: skip
    allowed_hosts: tuple[str, ...] = _row(
        "MONITORING_ALLOWED_HOSTS", "monitoring.allowed_hosts", values.HOST_NAMES, (),
        "Host names the page may be asked by, besides loopback names and addresses.",
    )  # fmt: skip
    link: str | None = _row(
        "MONITORING_LINK", "monitoring.link", values.URL, None,
        "The page's address as people reach it; alerts link to it.",
    )  # fmt: skip
    discord_operators: tuple[int, ...] = _row(
        "MONITORING_DISCORD_OPERATORS", "monitoring.discord_operators", values.SNOWFLAKES, (),
        "The ids of the Discord users who may press the buttons under the bot's own alerts. "
        "Without any, there are no buttons.",
    )  # fmt: skip
    store: str = _row(
        "MONITORING_STORE", "monitoring.store", values.choice("sqlite", "memory"), "sqlite",
        "Where figures are kept: a file, or this process's memory (lost at its end).",
    )  # fmt: skip
    data_dir: Path | None = _row(
        "MONITORING_DATA_DIR", "monitoring.data_dir", values.PATH, None,
        "The folder for changeover.db and alerts.log; by default one of this user's.",
    )  # fmt: skip
    keep_executions_s: int = _row(
        "MONITORING_KEEP_EXECUTIONS", "monitoring.keep_executions",
        values.duration(3_600, "7d", "24h"), 86_400,
        "How long single executions are kept; windows inside it are exact to the event.",
    )  # fmt: skip
    keep_history_s: int = _row(
        "MONITORING_KEEP_HISTORY", "monitoring.keep_history",
        values.duration(86_400, "30d", "30d"), 2_592_000,
        "How long counts, failures and resource samples are kept.",
    )  # fmt: skip
    max_store_mb: int = _row(
        "MONITORING_MAX_STORE_MB", "monitoring.max_store_mb",
        values.integer(16, 1_000_000, "512", " (MB)"), 512,
        "The size of the file at which the oldest single executions go early.",
    )  # fmt: skip
    system: str = _row(
        "MONITORING_SYSTEM", "monitoring.system", values.SYSTEM_NAME, "ddd",
        "The name of the new system, in figures and in its flags.",
    )  # fmt: skip
    sticky_by: Literal["user", "guild", "channel"] = _row(
        "MONITORING_STICKY_BY", "monitoring.sticky_by",
        values.choice("user", "guild", "channel"), "user",
        "Whose id decides on which side of a share a call falls.",
    )  # fmt: skip
    shard: str | None = _row(
        "MONITORING_SHARD", "monitoring.shard", values.LABEL, None,
        "A name for this process among several, such as its shard.",
    )  # fmt: skip
    release: str | None = _row(
        "MONITORING_RELEASE", "monitoring.release", values.LABEL, None,
        "A label of the bot's version, such as a commit. With another one the judge begins anew.",
    )  # fmt: skip
    blocked_after_s: int = _row(
        "MONITORING_BLOCKED_AFTER", "monitoring.blocked_after",
        values.duration(5, "1h", "30s"), 30,
        "How long the bot's event loop may be blocked before /health answers 503.",
    )  # fmt: skip
    alert_error_ratio: float = _row(
        "ALERT_ERROR_RATE_THRESHOLD", "alerts.error_rate_threshold",
        values.number(0, 1, "0.01", " (a fraction: 0.01 is 1 %)"), 0.01,
        "The error rate over 5 minutes above which people are told.",
    )  # fmt: skip
    alert_response_ms: float = _row(
        "ALERT_RESPONSE_TIME_THRESHOLD", "alerts.response_time_threshold",
        values.number(1, 3_600_000, "1000", " (milliseconds)"), 1000.0,
        "The mean response time over 5 minutes above which people are told.",
    )  # fmt: skip
    alert_memory_mb: float = _row(
        "ALERT_MEMORY_THRESHOLD", "alerts.memory_threshold",
        values.number(1, 10_000_000, "1000", " (MB)"), 1000.0,
        "The resident memory of the process above which people are told.",
    )  # fmt: skip
    alert_min_executions: int = _row(
        "ALERT_MIN_EXECUTIONS", "alerts.min_executions", values.integer(1, 1_000_000, "20"), 20,
        "How many executions a window needs before its rates mean anything.",
    )  # fmt: skip
    alert_for_s: int = _row(
        "ALERT_FOR", "alerts.for", values.duration(0, "1d", "2m"), 0,
        "How long a threshold must be exceeded before an alert fires.",
    )  # fmt: skip
    alert_keep_firing_s: int = _row(
        "ALERT_KEEP_FIRING", "alerts.keep_firing", values.duration(0, "1d", "5m"), 300,
        "How long a value must be fine again before its alert is over.",
    )  # fmt: skip
    alert_repeat_s: int = _row(
        "ALERT_REPEAT", "alerts.repeat", values.duration(300, "7d", "4h"), 14_400,
        "The time between reminders of an alert that goes on.",
    )  # fmt: skip
    alert_every_s: int = _row(
        "ALERT_CHECK_INTERVAL", "alerts.check_interval", values.duration(1, "1h", "1m"), 60,
        "The time between two evaluations of the alert rules.",
    )  # fmt: skip
    alert_log: Path | None = _row(
        "ALERT_LOG", "alerts.log", values.PATH, None,
        "The file that alerts are written to, a JSON object a line; alerts.log in the data folder.",
    )  # fmt: skip
    alert_discord: Secret | None = _row(
        "ALERT_DISCORD_WEBHOOK_URL", "alerts.discord_webhook_url", values.DISCORD_WEBHOOK, None,
        "The Discord webhook that alerts go to.", secret=True,
    )  # fmt: skip
    alert_slack: Secret | None = _row(
        "ALERT_SLACK_WEBHOOK_URL", "alerts.slack_webhook_url", values.SLACK_WEBHOOK, None,
        "The Slack incoming webhook that alerts go to.", secret=True,
    )  # fmt: skip
    alert_email_host: str | None = _row(
        "ALERT_EMAIL_HOST", "alerts.email_host", values.HOST, None,
        "The mail server that takes alerts. Needs ALERT_EMAIL_FROM and ALERT_EMAIL_TO.",
    )  # fmt: skip
    alert_email_port: int = _row(
        "ALERT_EMAIL_PORT", "alerts.email_port", values.PORT, 0,
        "Its port; 0 for the usual one: 587 with STARTTLS, 465 with TLS, 25 without.",
    )  # fmt: skip
    alert_email_security: Literal["starttls", "tls", "none"] = _row(
        "ALERT_EMAIL_SECURITY", "alerts.email_security", values.choice("starttls", "tls", "none"), "starttls",
        "How the connection is encrypted. A password is never sent with none.",
    )  # fmt: skip
    alert_email_user: str | None = _row(
        "ALERT_EMAIL_USER", "alerts.email_user", values.LABEL, None,
        "The name to log in with, where the server asks for one.",
    )  # fmt: skip
    alert_email_password: Secret | None = _row(
        "ALERT_EMAIL_PASSWORD", "alerts.email_password", values.PASSWORD, None,
        "The password to log in with.", secret=True,
    )  # fmt: skip
    alert_email_from: str | None = _row(
        "ALERT_EMAIL_FROM", "alerts.email_from", values.MAILBOX, None,
        "The sender's address.",
    )  # fmt: skip
    alert_email_to: tuple[str, ...] = _row(
        "ALERT_EMAIL_TO", "alerts.email_to", values.MAILBOXES, (),
        "Who gets the letters.",
    )  # fmt: skip
    alert_pagerduty: Secret | None = _row(
        "ALERT_PAGERDUTY_ROUTING_KEY", "alerts.pagerduty_routing_key", values.PAGERDUTY_KEY, None,
        "The key of an Events API v2 integration in PagerDuty.", secret=True,
    )  # fmt: skip
    alert_pagerduty_region: Literal["us", "eu"] = _row(
        "ALERT_PAGERDUTY_REGION", "alerts.pagerduty_region", values.choice("us", "eu"), "us",
        "Where the PagerDuty account is.",
    )  # fmt: skip
    alert_webhook: Secret | None = _row(
        "ALERT_WEBHOOK_URL", "alerts.webhook_url", values.HTTP_ADDRESS, None,
        "Any address that alerts are posted to, as JSON.", secret=True,
    )  # fmt: skip
    alert_webhook_secret: Secret | None = _row(
        "ALERT_WEBHOOK_SECRET", "alerts.webhook_secret", values.TOKEN, None,
        "What the posts to ALERT_WEBHOOK_URL are signed with.", secret=True,
    )  # fmt: skip
    alert_apprise: Secret | None = _row(
        "ALERT_APPRISE_URLS", "alerts.apprise_urls", values.APPRISE_URLS, None,
        "Apprise URLs that alerts go to. Needs the extra apprise.", secret=True,
    )  # fmt: skip
    alert_bot_channel: int | None = _row(
        "ALERT_BOT_CHANNEL_ID", "alerts.bot_channel_id", values.SNOWFLAKE, None,
        "A channel of the bot's own guild, where the bot itself posts alerts.",
    )  # fmt: skip
    alert_allow_private: bool = _row(
        "ALERT_ALLOW_PRIVATE_ADDRESSES", "alerts.allow_private_addresses", values.BOOLEAN, False,
        "Whether alerts may be sent to private and loopback addresses. Metadata addresses of "
        "clouds never.",
    )  # fmt: skip
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)
    warnings: tuple[str, ...] = field(default=(), repr=False)
    config_file: Path = Path("changeover.toml")

    @property
    def folder(self) -> Path:
        """Where files go: `data_dir`, or the default."""
        return self.data_dir or default_data_dir()

    @property
    def alert_file(self) -> Path:
        """Where alerts are written."""
        return self.alert_log or self.folder / "alerts.log"


def table() -> Iterator[tuple[str, Row, Any]]:
    """Every setting: its field's name, its row and its default."""
    for entry in fields(Settings):
        if row := entry.metadata.get("row"):
            yield entry.name, row, _default(entry)


def _default(entry: Field[Any]) -> Any:
    return None if entry.default is MISSING else entry.default
