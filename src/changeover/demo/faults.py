"""Makes the new implementation worse on purpose: `--fail add=0.3@60s`, `--slow list=+300ms@60s`.

`@60s-90s` instead of `@60s` mends it again after the 90th second.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from inspect import isawaitable

from changeover.core.clock import NS_PER_S, Clock, SystemClock
from changeover.core.errors import BadValueError
from changeover.demo.call import Arguments, Call, Handler, Reply
from changeover.demo.catalogue import COMMANDS

_AFTER = (
    r"(?:@(?P<after>[0-9]{1,5})(?P<after_unit>[sm])"
    r"(?:-(?P<until>[0-9]{1,5})(?P<until_unit>[sm]))?)?"
)
_FAIL = re.compile(r"(?P<command>[a-z]+)=(?P<ratio>0(?:\.[0-9]{1,4})?|1(?:\.0{1,4})?)" + _AFTER)
_SLOW = re.compile(r"(?P<command>[a-z]+)=\+(?P<delay>[1-9][0-9]{0,4})(?P<unit>ms|s)" + _AFTER)
_LONGEST_DELAY_MS = 60_000
_SPREAD = 0.4  # a delay is this share of itself shorter or longer, at most


@dataclass(frozen=True, slots=True)
class FailRule:
    """So many of a command's calls raise.

    Attributes:
        ratio: 0 to 1.
        after_s: from how many seconds after the start.
        until_s: and until how many; None for the rest of the demo.
    """

    command: str
    ratio: float
    after_s: int = 0
    until_s: int | None = None


@dataclass(frozen=True, slots=True)
class SlowRule:
    """All of a command's calls take so much longer, on average."""

    command: str
    delay_ms: int
    after_s: int = 0
    until_s: int | None = None


def parse_fail(text: str) -> FailRule:
    """`add=0.3@60s`: a command, a ratio, from when on (at once if left out), perhaps until when."""
    match = _FAIL.fullmatch(text)
    if match is None:
        allowed = (
            "COMMAND=RATIO, RATIO from 0 to 1, and @FROMs or @FROMs-UNTILs if not all the time"
        )
        raise BadValueError("--fail", text, allowed, "add=0.3@60s")
    command = _known("--fail", text, match["command"])
    return FailRule(command, float(match["ratio"]), *_span_s("--fail", text, match))


def parse_slow(text: str) -> SlowRule:
    """`list=+300ms@60s`: a command, a delay up to 60 s, from when on, perhaps until when."""
    match = _SLOW.fullmatch(text)
    delay_ms = int(match["delay"]) * (1000 if match["unit"] == "s" else 1) if match else 0
    if match is None or delay_ms > _LONGEST_DELAY_MS:
        allowed = (
            "COMMAND=+DELAY in ms or s up to 60s, and @FROMs or @FROMs-UNTILs if not all the time"
        )
        raise BadValueError("--slow", text, allowed, "list=+300ms@60s")
    command = _known("--slow", text, match["command"])
    return SlowRule(command, delay_ms, *_span_s("--slow", text, match))


class Faults:
    """Wraps handlers in the faults that were asked for. Equal seeds give equal faults.

    Args:
        fails, slows: the rules; several of one command all apply.
        clock: for the seconds after the start.
        seed: of the dice.
        sleep: how to wait; by default asyncio's.
    """

    def __init__(
        self,
        fails: Iterable[FailRule] = (),
        slows: Iterable[SlowRule] = (),
        *,
        clock: Clock | None = None,
        seed: int = 1,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._fails = tuple(fails)
        self._slows = tuple(slows)
        self._clock = clock or SystemClock()
        self._dice = random.Random(seed)  # noqa: S311  # equal seeds must give equal faults
        self._sleep = sleep
        self._started_ns: int | None = None

    def start(self) -> None:
        """Count the seconds from now; before this nothing is made worse."""
        self._started_ns = self._clock.monotonic_ns()

    def wrap(self, command: str, handler: Handler) -> Handler:
        """The handler with its command's faults; the handler itself where there are none."""
        fails = [rule for rule in self._fails if rule.command == command]
        slows = [rule for rule in self._slows if rule.command == command]
        if not fails and not slows:
            return handler

        async def spoiled(call: Call, args: Arguments) -> Reply:
            for slow in slows:
                if self._is_on(slow):
                    spread = self._dice.uniform(1 - _SPREAD, 1 + _SPREAD)
                    await self._sleep(slow.delay_ms / 1000 * spread)
            for fail in fails:
                if self._is_on(fail) and self._dice.random() < fail.ratio:
                    self._dice.choice(_DEFECTS)(self._dice.getrandbits(32))
            result = handler(call, args)
            return await result if isawaitable(result) else result

        return spoiled

    def _is_on(self, rule: FailRule | SlowRule) -> bool:
        if self._started_ns is None:
            return False
        passed_ns = self._clock.monotonic_ns() - self._started_ns
        is_over = rule.until_s is not None and passed_ns >= rule.until_s * NS_PER_S
        return passed_ns >= rule.after_s * NS_PER_S and not is_over


def _known(name: str, text: str, command: str) -> str:
    if command in COMMANDS:
        return command
    near = get_close_matches(command, COMMANDS, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    allowed = f"one of the commands {', '.join(COMMANDS)}{hint}"
    raise BadValueError(name, text, allowed, "add=0.3@60s" if name == "--fail" else "list=+300ms")


def _span_s(name: str, text: str, match: re.Match[str]) -> tuple[int, int | None]:
    after_s = _seconds(match["after"] or "0", match["after_unit"])
    if match["until"] is None:
        return after_s, None
    until_s = _seconds(match["until"], match["until_unit"])
    if until_s <= after_s:
        example = "add=0.3@60s-90s" if name == "--fail" else "list=+300ms@60s-90s"
        raise BadValueError(name, text, "an end after its beginning", example)
    return after_s, until_s


def _seconds(number: str, unit: str | None) -> int:
    return int(number) * (60 if unit == "m" else 1)


# --- what a new implementation is likely to do wrong ------------------------------------------
# Several kinds, so that failures group; ids differ within a kind, so that grouping has to work.


def _forget_a_column(_number: int) -> None:
    {"name": "TestBot"}["avatar_url"]  # the defect is the failing lookup


def _use_nothing(number: int) -> None:
    raise AttributeError(f"'NoneType' object has no attribute 'prompt' (personality {number})")


def _lose_the_connection(number: int) -> None:
    raise ConnectionResetError(104, f"Connection reset by peer: 10.0.0.7:{number % 60_000}")


def _wait_too_long(number: int) -> None:
    raise TimeoutError(f"avatar service did not answer request {number:08x} within 5.0 s")


def _read_no_number(number: int) -> None:
    int(f"personality-{number}")


_DEFECTS: tuple[Callable[[int], None], ...] = (
    _forget_a_column,
    _forget_a_column,
    _use_nothing,
    _lose_the_connection,
    _wait_too_long,
    _read_no_number,
)
