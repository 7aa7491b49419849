"""The rules in force: the built-in ones and those of a file, read again when it changes."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from changeover.act.rule_tables import own_rules
from changeover.act.rules import Rule
from changeover.core.clock import Clock
from changeover.core.errors import BadValueError, SettingsError
from changeover.core.process import Every
from changeover.core.toml import parse_toml

logger = logging.getLogger("changeover.alerts")

LOOK_EVERY_S = 5.0
_PLACE = re.compile(r"\(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)")
_EXAMPLE = 'a = "b"'


def rules_of_file(file: Path, built_in: Sequence[Rule]) -> list[Rule]:
    """The rules of a file over the built-in ones, those that are off included.

    Raises:
        FileNotFoundError, OSError: there is no such file, or it cannot be read.
        SettingsError: it is no TOML, or rules in it are wrong; the message names all.
    """
    text, content = read_document(file)
    rules, problems = own_rules(content, built_in, file=str(file), text=text)
    if problems:
        raise SettingsError(problems)
    return rules


def read_document(file: Path) -> tuple[str, dict[str, Any]]:
    """A TOML file as text and as a table. Raises `OSError`, and `SettingsError` with the line."""
    text = ""
    try:
        text = file.read_bytes().decode().replace("\r\n", "\n")
        return text, parse_toml(text)
    except ValueError as error:  # of TOML or of UTF-8
        where = f"{file}{_place(str(error), text)}"
        reason = _PLACE.sub("", str(error)).strip()
        raise SettingsError(
            [BadValueError(where, reason, "a readable TOML file in UTF-8", _EXAMPLE)]
        ) from error


def _place(reason: str, text: str) -> str:
    """Where the parser stopped, as it says; before what it says, for that may be cut."""
    place = _PLACE.search(reason)
    if place is None:
        return ""
    if place["line"] is None:  # at the end of the document
        return f", line {text.rstrip().count(chr(10)) + 1}"
    return f", line {place['line']}, column {place['column']}"


class RuleBook:
    """Holds the rules, and looks whether their file has changed.

    A file that is broken, or gone after it was there, leaves the rules as they were; `problem`
    says what is wrong with it. Used by one thread.

    Args:
        built_in: the rules that hold without a file.
        file: where people write theirs; one that was never there sets nothing.
        clock: for the time between two looks.
    """

    def __init__(
        self, built_in: Sequence[Rule], file: Path | None = None, *, clock: Clock | None = None
    ) -> None:
        self._built_in = tuple(built_in)
        self._file = file
        self._every = Every(LOOK_EVERY_S, clock) if clock else None
        self._stamp: tuple[int, int, int] | None = None
        self._was_there = False
        self.problem: str | None = None
        self.rules = _in_force(built_in)
        self._look()

    def refresh(self) -> None:
        """Read the file again if it changed; looks at most every 5 s. Blocks on the disk."""
        if self._every is not None and self._every.is_due():
            self._look()

    def _look(self) -> None:
        if self._file is None:
            return
        try:
            status = self._file.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp == self._stamp:
                return
            self.rules = _in_force(rules_of_file(self._file, self._built_in))
        except FileNotFoundError:
            stamp = None
            if self._was_there:
                self._complain(f"{self._file} is gone")
        except OSError as error:
            stamp = None
            self._complain(f"{self._file}: {error.strerror}")
        except SettingsError as error:
            self._complain("; ".join(map(str, error.problems)))
        else:
            if self._was_there:
                logger.info("%s was read again: %s rules", self._file, len(self.rules))
            self.problem = None
        self._stamp, self._was_there = stamp, self._was_there or stamp is not None

    def _complain(self, problem: str) -> None:
        if problem != self.problem:
            logger.error("the alert rules stay as they were: %s", problem)
        self.problem = problem


def _in_force(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Those that are on; those that ask how the others do come last."""
    on = [rule for rule in rules if rule.enabled]
    return tuple(sorted(on, key=lambda rule: rule.metric == "failing_rules"))
