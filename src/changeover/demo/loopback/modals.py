"""Forms (modals) that the bot opens, filled in by a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from changeover.demo.loopback.errors import BadOptionError
from changeover.demo.loopback.messages import Json

_ROW, _TEXT_INPUT, _LABEL = 1, 4, 18
_TEXT_MAX = 4000


def fields(modal: Json) -> Iterator[tuple[str, Json]]:
    """The inputs of a form with their labels, from top to bottom."""
    for part in modal.get("components", []):
        if part["type"] == _LABEL:
            yield part["label"], part["component"]
        for inner in part.get("components", []):
            yield inner.get("label") or inner["custom_id"], inner


def filled(modal: Json, values: Mapping[str, Any]) -> Json:
    """The `data` of a submission.

    Args:
        modal: the form as the bot sent it.
        values: what to fill in, by label or custom id; a text, or a list for a menu. What is
            left out keeps what the bot put there.

    Raises:
        BadOptionError: a required text is missing, too short or too long, or no input is called
            that.
    """
    known = {name for label, field in fields(modal) for name in (label, field["custom_id"])}
    for name in values:
        if name not in known:
            raise BadOptionError(f"the form has no input {name!r}: {', '.join(sorted(known))}")
    components = [_part(part, values) for part in modal.get("components", [])]
    inner = [each for part in components for each in (part, *_inside(part))]
    for number, control in enumerate(inner, 1):
        control["id"] = number  # as Discord does; hikari needs it
    return {"custom_id": modal["custom_id"], "components": components}


def _inside(part: Json) -> list[Json]:
    return [part["component"]] if "component" in part else part.get("components", [])


def _part(part: Json, values: Mapping[str, Any]) -> Json:
    if part["type"] == _LABEL:
        return {"type": _LABEL, "component": _input(part["label"], part["component"], values)}
    if part["type"] == _ROW:
        inner = [
            _input(each.get("label") or each["custom_id"], each, values)
            for each in part["components"]
        ]
        return {"type": _ROW, "components": inner}
    return {"type": part["type"]}


def _input(label: str, field: Json, values: Mapping[str, Any]) -> Json:
    value = values.get(label, values.get(field["custom_id"]))
    found = {"type": field["type"], "custom_id": field["custom_id"]}
    if field["type"] != _TEXT_INPUT:
        chosen = value if isinstance(value, list | tuple) else [] if value is None else [value]
        return found | {"values": [str(each) for each in chosen]}
    text = field.get("value") or "" if value is None else str(value)
    low = max(field.get("min_length") or 0, int(field.get("required", True)))
    high = field.get("max_length") or _TEXT_MAX
    if not low <= len(text) <= high and (text or field.get("required", True)):
        raise BadOptionError(f"input {label!r}: expected {low} to {high} characters")
    return found | {"value": text}
