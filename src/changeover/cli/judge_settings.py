"""What the judge's commands have in common: other settings, spans of time, a scope's name, a bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from changeover.judge.settings import JudgeSettings
    from changeover.settings import Settings

_F = TypeVar("_F", bound=Callable[..., Any])

# The keys of the table [judge], each as an option.
OPTIONS: Mapping[str, str] = {
    "alpha": "Chance of any rollback without a fault, such as 0.01.",
    "promote_alpha": "Chance that one test of a promotion passes wrongly, such as 0.05.",
    "error_limit": "Error rate that the new system may have anyway: 0.01 is 1 %.",
    "margin": "Difference of error rates that nobody cares about, such as 0.001.",
    "promote_margin": "How much worse a promotion rules out, such as 0.01.",
    "min_failures": "Failures before errors may roll anything back.",
    "min_executions": "Executions of the new system before a promotion.",
    "min_baseline": "Executions of legacy, by command, before a promotion.",
    "min_clusters": "Guilds or channels that each system needs.",
    "promote_after": "Time to watch before a promotion, such as 24h.",
    "patience": "Time that a command should take to prove itself, such as 7d.",
    "mute": "How long a person who fails again and again is not counted.",
}


def judge_options(command: _F) -> _F:
    """Add an option for each key of the table `[judge]`."""
    for key, about in reversed(list(OPTIONS.items())):
        option = click.option(f"--{key.replace('_', '-')}", key, metavar="X", help=about)
        command = option(command)
    return command


def judge_settings(settings: Settings, changes: Mapping[str, str | None]) -> JudgeSettings:
    """Those of `changeover.toml`, with what was given on the command line.

    Raises:
        BadValueError: naming the option.
        SettingsError: the file is wrong.
    """
    from dataclasses import replace

    from changeover.judge.table import KEYS, load_judge

    told = load_judge(settings.config_file, sticky_by=settings.sticky_by)
    chosen: dict[str, Any] = {}
    for key, text in changes.items():
        if text is not None:
            name, grammar = KEYS[key]
            chosen[name] = grammar.parse(f"--{key.replace('_', '-')}", text)
    return replace(told, **chosen)


def moment_of(text: str, now_ns: int, option: str) -> int:
    """A moment, or a span before now such as `24h`, in ns since 1970.

    Raises:
        BadValueError: it is neither.
    """
    from changeover.core.errors import BadValueError
    from changeover.core.window import parse_moment, parse_window

    try:
        return now_ns - parse_window(text).ns
    except BadValueError:
        pass  # then it is a moment
    try:
        return parse_moment(text, option)
    except BadValueError as error:
        raise BadValueError(
            option, text, f"a span such as 24h, or {error.allowed}", "24h"
        ) from None


def scope_name(scope: str) -> str:
    """A scope as people read it."""
    return "all together" if scope == "*" else scope


def bar(label: str, length: int, is_shown: bool) -> AbstractContextManager[Any]:
    """A progress bar on a terminal; nothing, which knows `update` too, elsewhere."""
    if not (is_shown and sys.stderr.isatty()):
        return nullcontext(_Nothing())
    return click.progressbar(length=max(1, length), label=label, file=sys.stderr)


class _Nothing:
    def update(self, _steps: int) -> None:
        """Show nothing."""
