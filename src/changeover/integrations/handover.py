"""The same converted arguments for a handler with parameters of its own.

Discord's libraries pass arguments by position for a typed command and by name for a slash
command. The legacy handler's signature says which is which; from there they are passed as the
new handler wants them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import Parameter, Signature, signature
from typing import Any, NamedTuple

from changeover.core.errors import BadValueError

Arguments = tuple[list[Any], dict[str, Any]]
Pass = Callable[[tuple[Any, ...], Mapping[str, Any]], Arguments]

_BY_POSITION = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
_REST = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)


class Step(NamedTuple):
    """One of the new handler's parameters, and the legacy parameter whose value it takes."""

    parameter: Parameter
    source: str | None  # None: no value for it, so its default


def handover(command: str, legacy: Signature, new: Callable[..., Any], *, has_self: bool) -> Pass:
    """How the arguments of a legacy handler become those of a new one.

    A parameter takes the value of the legacy parameter of the same name; those without one
    take what is left over, in order. The context comes first, whatever it is called.

    Args:
        command: its name, for the message.
        legacy: the signature of the legacy handler, `self` of a cog included.
        new: the new handler; a method is bound already. One that has `self` as its first
            parameter is given the legacy handler's cog.
        has_self: whether the legacy handler is called with its cog first.

    Returns:
        A function from the positional and keyword arguments of the legacy handler to those of
        the new one.

    Raises:
        BadValueError: the new handler cannot take the arguments.
    """
    try:
        theirs = signature(new)
    except (TypeError, ValueError):
        return lambda args, kwargs: (list(args[has_self:]), dict(kwargs))
    ours = list(legacy.parameters.values())
    wants_self = has_self and next(iter(theirs.parameters), None) == "self"
    start = 0 if wants_self else int(has_self)
    if _are_alike(ours[start:], list(theirs.parameters.values())):
        return lambda args, kwargs: (list(args[start:]), dict(kwargs))
    lead = int(has_self)  # what comes before the arguments: the cog, and the context
    if len(ours) > lead and ours[lead].kind in _BY_POSITION:
        lead += 1
    steps = _match(command, ours[lead:], list(theirs.parameters.values())[lead - start :])

    def rebind(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Arguments:
        bound = legacy.bind(*args, **kwargs)
        bound.apply_defaults()
        values = list(bound.arguments.values())
        return _pass(steps, values[start:lead], bound.arguments)

    return rebind


def _are_alike(ours: list[Parameter], theirs: list[Parameter]) -> bool:
    return [(p.name, p.kind) for p in ours] == [(p.name, p.kind) for p in theirs]


def _match(command: str, ours: list[Parameter], theirs: list[Parameter]) -> list[Step]:
    """Pair the parameters behind the context: by name, then what is left in order."""
    left = {p.name: p for p in ours}
    named = {p.name: p.name for p in theirs if left.pop(p.name, None) is not None}
    spare = list(left)
    steps = []
    for p in theirs:
        source = named.get(p.name)
        if source is None and p.kind not in _REST and spare:
            source = spare.pop(0)
        if source is None and p.kind not in _REST and p.default is Parameter.empty:
            _refuse(command, theirs, f"has no argument for {p.name!r}")
        steps.append(Step(p, source))
    if spare:
        steps = [_take_rest(step, spare) for step in steps]
    if spare:
        _refuse(command, theirs, f"has no parameter for {', '.join(map(repr, spare))}")
    return steps


def _take_rest(step: Step, spare: list[str]) -> Step:
    """`*args` or `**kwargs` of the new handler take one parameter that found no other place."""
    if step.source is None and step.parameter.kind is Parameter.VAR_POSITIONAL and spare:
        return Step(step.parameter, spare.pop(0))
    if step.parameter.kind is Parameter.VAR_KEYWORD and spare:
        names, spare[:] = " ".join(spare), []
        return Step(step.parameter, names)
    return step


def _pass(steps: list[Step], lead: list[Any], values: Mapping[str, Any]) -> Arguments:
    args, kwargs = list(lead), {}
    takes_rest = any(s.parameter.kind is Parameter.VAR_POSITIONAL for s in steps)
    for parameter, source in steps:
        if parameter.kind is Parameter.VAR_KEYWORD:
            for name in (source or "").split():
                kwargs[name] = values[name]
        elif parameter.kind is Parameter.VAR_POSITIONAL:
            rest = () if source is None else values[source]
            args.extend(rest if isinstance(rest, tuple) else (rest,))
        elif parameter.kind is Parameter.POSITIONAL_ONLY or (
            takes_rest and parameter.kind in _BY_POSITION
        ):
            args.append(parameter.default if source is None else values[source])
        elif source is not None:
            kwargs[parameter.name] = values[source]
    return args, kwargs


def _refuse(command: str, theirs: list[Parameter], why: str) -> None:
    shown = ", ".join(map(str, theirs))
    allowed = "a handler with the parameters of the legacy one"
    raise BadValueError(f"new({command!r})", f"({shown}) {why}", allowed, "async def ping(ctx)")
