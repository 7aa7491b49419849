"""What the loopback Discord has seen, as running totals."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """Running totals since the start; read them from any thread.

    Attributes:
        messages: messages that people sent.
        interactions: commands, autocompletions, presses and forms that people sent.
        answers: messages of the bot and answers to interactions, accepted.
        late: first answers to interactions that came after 3 s, refused with 10062.
        errors: REST requests answered with 400 or above, `late` ones among them.
        refused: what people tried and Discord's client would not let them.
        undelivered: events for which no session of the bot was open or had the intent.
    """

    messages: int = 0
    interactions: int = 0
    answers: int = 0
    late: int = 0
    errors: int = 0
    refused: int = 0
    undelivered: int = 0
