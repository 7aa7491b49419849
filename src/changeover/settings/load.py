"""The loader: environment over `changeover.toml` over the table, and all complaints at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from changeover.act.plan_file import load_plan
from changeover.act.rulebook import read_document
from changeover.core.errors import BadValueError, SettingsError, StoreUnavailableError
from changeover.core.nearest import nearest
from changeover.judge.table import load_judge
from changeover.route.names import FlagNames
from changeover.route.sources import EnvironmentFlags, FileFlags
from changeover.settings.alert_rules import wrong_rules
from changeover.settings.table import Row, Settings, table

CONFIG_VARIABLE = "CHANGEOVER_CONFIG"
_OTHERS = ("flags", "judge", "rollout")  # tables that the rooms themselves read
_OUR_PREFIXES = ("MONITORING_", "ALERT_", "HEALTH_CHECK_")


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read environment and file. Raises `SettingsError` naming everything that is wrong."""
    env = os.environ if environ is None else environ
    file = Path(env.get(CONFIG_VARIABLE) or "changeover.toml")
    problems: list[BadValueError] = []
    written = _read_file(file, named=bool(env.get(CONFIG_VARIABLE)), problems=problems)
    is_readable = not problems
    chosen: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for name, row, _ in table():
        found = _find(row, env, written, problems)
        if found is None:
            sources[name] = "default"
            continue
        source, text = found
        try:
            chosen[name] = row.grammar.parse(source, text, secret=row.secret)
            sources[name] = source
        except BadValueError as problem:
            problems.append(problem)
    problems += [_unknown_key(key) for key in written]
    problems += _wrong_flags(env, file)
    problems += _wrong_plan(file)
    problems += _wrong_judge(file)
    settings = Settings(**chosen, sources=sources, warnings=tuple(_misspelt(env)), config_file=file)
    if is_readable:
        problems += wrong_rules(settings)
    if not problems:
        problems += _contradictions(settings)
    if problems:
        raise SettingsError(problems)
    return settings


def _read_file(file: Path, *, named: bool, problems: list[BadValueError]) -> dict[str, Any]:
    """The file's values by dotted key, without the tables that others read."""
    try:
        _, content = read_document(file)
    except FileNotFoundError:
        if named:
            problems.append(
                BadValueError(CONFIG_VARIABLE, str(file), "a file that exists", "changeover.toml")
            )
        return {}
    except OSError as error:
        problems.append(BadValueError(str(file), str(error), "a readable TOML file", 'a = "b"'))
        return {}
    except SettingsError as error:
        problems += error.problems
        return {}
    flat: dict[str, Any] = {}
    for section, content_of in content.items():
        if section in _OTHERS:
            continue
        if isinstance(content_of, dict):
            flat |= {f"{section}.{key}": value for key, value in content_of.items()}
            if section == "alerts":
                flat.pop("alerts.rules", None)  # tables that act.rule_tables reads
        else:
            flat[section] = content_of
    return flat


def _find(
    row: Row, env: Mapping[str, str], written: dict[str, Any], problems: list[BadValueError]
) -> tuple[str, str] | None:
    """Where a setting is set, and to what; takes its key out of what the file wrote."""
    in_file = written.pop(row.key, None)
    names = [row.variable] + (["PORT"] if row.variable == "HEALTH_CHECK_PORT" else [])
    for name in names:
        if text := env.get(name, "").strip():
            return name, text
    if row.secret and (path := env.get(f"{row.variable}_FILE", "").strip()):
        try:
            return row.variable, Path(path).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            name = f"{row.variable}_FILE"
            problems.append(BadValueError(name, path, "a readable file", "/run/secrets/token"))
            return None
    if in_file is None:
        return None
    if isinstance(in_file, list):
        return row.key, ",".join(map(str, in_file))
    return row.key, str(in_file)


def _wrong_flags(env: Mapping[str, str], file: Path) -> Iterator[BadValueError]:
    """Flags are no settings, but somebody who starts a bot wants to hear of everything at once."""
    for source in (FileFlags(file), EnvironmentFlags(env, FlagNames())):
        try:
            source.read()
        except SettingsError as error:
            yield from (each for each in error.problems if each.name != str(file))
        except StoreUnavailableError:
            pass  # a file that cannot be read is complained of as a file of settings


def _wrong_plan(file: Path) -> Sequence[BadValueError]:
    """The plan of the rollout is no setting either; the same goes for it."""
    try:
        load_plan(file)
    except SettingsError as error:
        return error.problems
    return ()


def _wrong_judge(file: Path) -> Sequence[BadValueError]:
    """Nor are the judge's words."""
    try:
        load_judge(file, sticky_by="user")
    except SettingsError as error:
        return error.problems
    return ()


def _unknown_key(key: str) -> BadValueError:
    known = [row.key for _, row, _ in table()]
    return BadValueError(
        "changeover.toml", key, "a known key", str(nearest(key, known, at_least=0))
    )


def _misspelt(env: Mapping[str, str]) -> Iterator[str]:
    """One sentence for each variable that looks like ours and is not."""
    known = {row.variable for _, row, _ in table()}
    known |= {f"{row.variable}_FILE" for _, row, _ in table() if row.secret}
    for name in sorted(env):
        if name.startswith(_OUR_PREFIXES) and name not in known:
            meant = nearest(name, sorted(known), at_least=0)
            yield f"{name} is set but is no setting; did you mean {meant}?"


def _contradictions(settings: Settings) -> Iterator[BadValueError]:
    is_loopback = settings.host in {"127.0.0.1", "::1"} or settings.host.startswith("127.")
    if settings.http and settings.enabled and not is_loopback and settings.token is None:
        yield BadValueError(
            "MONITORING_HOST", settings.host,
            "127.0.0.1, or any other address together with MONITORING_TOKEN",
            "MONITORING_TOKEN=$(openssl rand -hex 32)",
        )  # fmt: skip
    yield from _unfinished_channels(settings)


def _unfinished_channels(settings: Settings) -> Iterator[BadValueError]:
    """Channels of which a part is set, and another that they need is not."""
    is_set = settings.alert_email_host is not None
    if is_set and settings.alert_email_from is None:
        needed = "an address, since ALERT_EMAIL_HOST is set"
        yield BadValueError("ALERT_EMAIL_FROM", "", needed, "bot@example.com")
    if is_set and not settings.alert_email_to:
        needed = "an address, since ALERT_EMAIL_HOST is set"
        yield BadValueError("ALERT_EMAIL_TO", "", needed, "ops@example.com")
    if (settings.alert_email_user is None) != (settings.alert_email_password is None):
        missing = "USER" if settings.alert_email_user is None else "PASSWORD"
        needed = "a value, since the other of ALERT_EMAIL_USER and ALERT_EMAIL_PASSWORD is set"
        yield BadValueError(f"ALERT_EMAIL_{missing}", None, needed, "bot")
    if settings.alert_email_security == "none" and settings.alert_email_password is not None:
        needed = "starttls or tls, since ALERT_EMAIL_PASSWORD is set"
        yield BadValueError("ALERT_EMAIL_SECURITY", "none", needed, "starttls")
    if settings.discord_operators and settings.alert_bot_channel is None:
        needed = "a channel's id, since MONITORING_DISCORD_OPERATORS is set"
        yield BadValueError("ALERT_BOT_CHANNEL_ID", "", needed, "123456789012345678")
    if settings.alert_webhook_secret is not None and settings.alert_webhook is None:
        needed = "an address, since ALERT_WEBHOOK_SECRET is set"
        yield BadValueError("ALERT_WEBHOOK_URL", None, needed, "https://example.com/alerts")
