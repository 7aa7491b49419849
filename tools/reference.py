"""Writes the reference pages that the code itself knows best: `python tools/reference.py`.

With `--check` it writes nothing, and exits with 1 when a page is not what it would write.
"""

# ruff: noqa: INP001  # a script, not a package

from __future__ import annotations

import enum
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

import changeover
from changeover.cli import changeover as cli
from changeover.core.order import Verb
from changeover.core.values import Grammar
from changeover.settings import Row, table

PAGES = Path(__file__).parents[1] / "docs" / "reference"

_WIDEST = 88  # of a signature, before it is broken into lines


# --- settings ---------------------------------------------------------------------------------

_SECTIONS = {  # the setting each section begins with
    "enabled": "The monitor and its page",
    "store": "What is kept",
    "system": "Routing, and this process",
    "alert_error_ratio": "Alerts",
    "alert_log": "Where alerts go",
}

_SETTINGS = """\
# Settings

A value comes from the environment. What is not set there comes from `changeover.toml` in the
working directory, or from the file that `CHANGEOVER_CONFIG` names. What is set in neither has the
default below. An empty variable counts as not set.

```toml title="changeover.toml"
[monitoring]
port = 3002
keep_executions = "48h"

[alerts]
error_rate_threshold = 0.02
```

`changeover config show` prints every setting, its value and where it came from. Secrets are hidden.

Wrong settings are all named at once, before the bot connects, with exit code 2:

```text
changeover: 2 settings are wrong:
  MONITORING_DASHBOARD='maybe': expected true or false, for example true
  HEALTH_CHECK_PORT='http': expected a whole number from 0 to 65535, for example 3001
```

A secret may stand in a file of its own: `MONITORING_TOKEN_FILE=/run/secrets/token` reads
`MONITORING_TOKEN` from that file. The settings marked *secret* allow it.

A variable that begins with `MONITORING_`, `ALERT_` or `HEALTH_CHECK_` and is no setting is
reported as a warning, with the name it comes nearest to. A key of the file that is no setting is
an error.

[Flags](flags.md) are not settings. They are set as `FEATURE_FLAG_...`, in the table `[flags]` of
the file, or while the bot runs."""


def settings_page() -> Iterator[str]:
    """Every row of the table of settings."""
    yield _SETTINGS
    for name, row, default in table():
        if name in _SECTIONS:
            yield ""
            yield f"## {_SECTIONS[name]}"
        yield from _setting(row, default)


def _setting(row: Row, default: Any) -> Iterator[str]:
    yield ""
    yield f"### {row.variable}"
    yield ""
    yield row.about + (" *Secret.*" if row.secret else "")
    yield ""
    yield "| In the file | Allowed | Example | Default |"
    yield "|---|---|---|---|"
    shown = _default(default, row.grammar)
    yield f"| `{row.key}` | {row.grammar.allowed} | `{row.grammar.example}` | {shown} |"


def _default(value: Any, grammar: Grammar[Any]) -> str:
    return f"`{shown}`" if value is not None and (shown := grammar.show(value)) else "none"


# --- command line -----------------------------------------------------------------------------

_CLI = """\
# Command line

| Exit code | Means |
|---|---|
| 0 | All is well. |
| 1 | The answer is no: the bot is unhealthy, not ready, or something would keep the monitor from working. |
| 2 | A mistake in what was asked or set. The message names it. |

Every command reads the [settings](settings.md) of the shell that it runs in. To reach a bot's
store, run it with the bot's `MONITORING_DATA_DIR`."""


def cli_page() -> Iterator[str]:
    """Every command: what it does, its usage, arguments and options."""
    yield _CLI
    yield ""
    yield "| Command | Does |"
    yield "|---|---|"
    yield from (_overview(path, command) for path, command in _commands(cli, ("changeover",)))
    for path, command in _commands(cli, ("changeover",)):
        yield from _command(path, command)


def _commands(
    command: click.Command, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if not isinstance(command, click.Group):
        yield path, command
        return
    for name, child in sorted(command.commands.items()):
        yield from _commands(child, (*path, name))


def _overview(path: tuple[str, ...], command: click.Command) -> str:
    name = " ".join(path)
    about = inspect.cleandoc(command.help or "").partition("\n\n")[0]
    return f"| [`{name}`](#{'-'.join(path)}) | {' '.join(about.split())} |"


def _command(path: tuple[str, ...], command: click.Command) -> Iterator[str]:
    with click.Context(command, info_name=" ".join(path)) as context:
        pieces = [piece for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]"]
        usage = " ".join([*path, *pieces])
    yield ""
    yield f"## {' '.join(path)}"
    yield ""
    yield "```text"
    yield usage
    yield "```"
    yield ""
    yield inspect.cleandoc(command.help or "")
    options = [option for option in command.params if isinstance(option, click.Option)]
    if options:
        yield ""
        yield "| Option | Meaning | Default |"
        yield "|---|---|---|"
        yield from map(_option, options)


def _option(option: click.Option) -> str:
    name = ", ".join(option.opts)
    if not option.is_flag:
        name += f" {option.metavar or option.type.name.split()[0].upper()}"
    if isinstance(option.type, click.Choice):
        name = f"{option.opts[0]} NAME"
    meaning = (option.help or _HELP[option.opts[0]]) + _allowed(option.type)
    return f"| `{name}` | {meaning} | {_told_default(option)} |"


def _allowed(kind: click.ParamType) -> str:
    if isinstance(kind, click.Choice):
        return " One of " + ", ".join(f"`{choice}`" for choice in kind.choices) + "."
    if isinstance(kind, click.IntRange | click.FloatRange):
        return f" From {kind.min:g} to {kind.max:g}."
    return ""


def _told_default(option: click.Option) -> str:
    value = option.default
    if not option.show_default or value is None:
        return ""
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


_HELP = {"--limit": "How many at most."}  # options that need no words of their own in a terminal


# --- orders -----------------------------------------------------------------------------------

_ORDERS = """\
# Orders

Everything that people change over HTTP is an order: a verb, what it is about, and what else it takes.
[How to send one](http.md#post-apiorders), and [who may](../how-to/who-may-do-what.md). Inside a program,
`order` of the [`Changeover`](python.md#changeover-order) takes the same."""


def orders_page() -> Iterator[str]:
    """Every verb: what it does, for whom, and what it takes."""
    monitor = changeover.Changeover(changeover.Settings(store="memory", http=False))
    yield _ORDERS
    yield ""
    yield "| Verb | Role | Does |"
    yield "|---|---|---|"
    for verb in monitor.orders.verbs():
        yield f"| [`{verb.name}`](#{verb.name.replace('.', '')}) | `{verb.role}` | {verb.about} |"
    for verb in monitor.orders.verbs():
        yield from _verb(verb)


def _verb(verb: Verb) -> Iterator[str]:
    yield ""
    yield f"## {verb.name}"
    yield ""
    yield f"{verb.about} For the role `{verb.role}`."
    yield ""
    yield f"Its subject is {verb.subject}." if verb.subject else "It has no subject."
    if verb.values:
        yield ""
        yield "| Value | Is |"
        yield "|---|---|"
        yield from (f"| `{name}` | {about} |" for name, about in verb.values.items())


# --- Python -----------------------------------------------------------------------------------

_PYTHON = """\
# Python

The names that `changeover` exports. What is not here may change without notice, but for
`changeover.settings.load`, `changeover.show.api.create_app` ([mount](../how-to/mount.md)) and
`changeover.testing` ([test your bot](../how-to/test-your-bot.md)).

Importing the package starts nothing: no thread, no file, no look at the environment."""


_YOURS = {
    "AlertManager": "alerts",
    "CommandIntegrationAdapter": "adapter",
    "FeatureFlags": "flags",
    "MetricsCollector": "metrics",
}


class Part(NamedTuple):
    """A section of a docstring: `Args`, `Raises` ... with its entries, or plain text."""

    title: str
    lines: list[str]


def python_page() -> Iterator[str]:
    """Every root name: signature, docstring, members."""
    yield _PYTHON
    for name in changeover.__all__:
        yield from _class(name, getattr(changeover, name))


def _class(name: str, thing: type) -> Iterator[str]:
    yield ""
    yield f"## {name}"
    if issubclass(thing, enum.Enum):
        yield from _enumeration(name, thing)
        return
    if issubclass(thing, Exception):
        bases = ", ".join(f"`{base.__name__}`" for base in thing.__bases__)
        yield ""
        yield f"An exception, derived from {bases}."
    elif name != "Settings":
        yield from _code(name, thing.__init__)
    if name in _YOURS:
        yield ""
        yield f"The one of your bot is the attribute `{_YOURS[name]}` of its `Changeover`."
    yield ""
    yield from _prose(thing)
    if name == "Settings":
        yield ""
        yield from _fields()
    for member, function in _members(thing):
        yield ""
        yield f"### {member} {{ #{name.lower()}-{member} }}"
        yield from _member(member, function)


def _enumeration(name: str, thing: type[enum.Enum]) -> Iterator[str]:
    yield ""
    yield from _prose(thing)
    yield ""
    yield "| Member | Value |"
    yield "|---|---|"
    yield from (f"| `{name}.{member.name}` | `{member.value}` |" for member in thing)


def _fields() -> Iterator[str]:
    yield "Each field has its [setting](settings.md):"
    yield ""
    yield "| Field | Setting |"
    yield "|---|---|"
    yield from (
        f"| `{name}` | [{row.variable}](settings.md#{row.variable.lower()}) |"
        for name, row, _ in table()
    )


def _members(thing: type) -> Iterator[tuple[str, Any]]:
    """Public methods and properties with a docstring, in the order of the source.

    An attribute whose type is a protocol of one call is a method to everybody who calls it.
    """
    for name, annotation in inspect.get_annotations(thing).items():
        protocol = getattr(sys.modules[thing.__module__], str(annotation), None)
        if not name.startswith("_") and getattr(protocol, "_is_protocol", False):
            yield name, vars(protocol)["__call__"]
    known: set[str] = set()
    for owner in thing.__mro__:  # what it inherits from a class of ours is its own to a caller
        if not owner.__module__.startswith("changeover."):
            continue
        for name, member in vars(owner).items():
            is_documented = callable(member) or isinstance(member, property | classmethod)
            is_ours = not name.startswith("_") and name not in known
            if is_ours and is_documented and inspect.getdoc(member):
                yield name, member
        known |= vars(owner).keys()


def _member(name: str, member: Any) -> Iterator[str]:
    if isinstance(member, property):
        told = inspect.signature(member.fget).return_annotation if member.fget else ""
        yield ""
        yield "```python"
        yield f"{name}: {told}"
        yield "```"
    else:
        yield from _code(name, member)
    yield ""
    yield from _prose(member)


def _code(name: str, function: Callable[..., Any]) -> Iterator[str]:
    """A signature; over several lines where it is long."""
    if not inspect.isfunction(function):
        return
    signature = inspect.signature(function)
    parts = list(_parameters([*signature.parameters.values()][1:]))
    told = signature.return_annotation
    arrow = "" if told in ("None", signature.empty) else f" -> {told}"
    prefix = "await " if inspect.iscoroutinefunction(function) else ""
    line = f"{prefix}{name}({', '.join(parts)}){arrow}"
    yield ""
    yield "```python"
    if len(line) <= _WIDEST:
        yield line
    else:
        yield f"{prefix}{name}("
        yield from (f"    {part}," for part in parts)
        yield f"){arrow}"
    yield "```"


def _parameters(parameters: Sequence[inspect.Parameter]) -> Iterator[str]:
    """As in the source, the star before keyword-only ones included."""
    has_star = False
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and not has_star:
            yield "*"
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}
        has_star = has_star or parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL)
        text = f"{stars.get(parameter.kind, '')}{parameter.name}: {parameter.annotation}"
        yield (
            text
            if parameter.default is parameter.empty
            else f"{text} = {_value(parameter.default)}"
        )


def _value(default: object) -> str:
    if isinstance(default, enum.Enum):
        return str(f"{type(default).__name__}.{default.name}")
    return getattr(default, "__name__", None) or repr(default)


def _prose(thing: Any) -> Iterator[str]:
    """A docstring of Google's shape as Markdown."""
    parts = list(_parts(inspect.getdoc(thing) or ""))
    for number, part in enumerate(parts):
        if number:
            yield ""
        if not part.title:
            yield "\n".join(part.lines).strip()
            continue
        yield f"**{part.title}**"
        yield ""
        yield from _entries(part)


_TITLES = {
    "Args": "Arguments",
    "Attributes": "Attributes",
    "Raises": "Raises",
    "Returns": "Returns",
}


def _parts(text: str) -> Iterator[Part]:
    title, lines = "", []
    for line in text.splitlines():
        if line.rstrip(":") in _TITLES and line.endswith(":"):
            yield Part(title, lines)
            title, lines = _TITLES[line.rstrip(":")], []
        elif title and line and not line.startswith(" "):
            yield Part(title, lines)
            title, lines = "", [line]
        else:
            lines.append(line)
    yield Part(title, lines)


def _entries(part: Part) -> Iterator[str]:
    """`name: what it is` over one or several lines, as a list."""
    text = inspect.cleandoc("\n".join(part.lines)).strip()
    for entry in re.split(r"\n(?=\S)", text):
        told = " ".join(entry.split())
        names, colon, meaning = told.partition(": ")
        if colon and re.fullmatch(r"[\w*., ]+", names) and part.title != "Returns":
            shown = ", ".join(f"`{name}`" for name in names.split(", "))
            yield f"* {shown}: {meaning}"
        else:
            yield told if part.title == "Returns" else f"* {told}"


# ----------------------------------------------------------------------------------------------


def main() -> int:
    """Write or check the pages."""
    pages = {
        "settings.md": settings_page,
        "cli.md": cli_page,
        "orders.md": orders_page,
        "python.md": python_page,
    }
    stale = []
    for name, page in pages.items():
        text = "\n".join(page()) + "\n"
        path = PAGES / name
        if path.is_file() and path.read_text("utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    if stale and "--check" in sys.argv:
        sys.stderr.write(f"not up to date, run python tools/reference.py: {', '.join(stale)}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
