"""The report tells the whole story, and nothing that people wrote becomes markup in it."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from changeover.core.clock import NS_PER_S
from changeover.core.model import Alert, CommandState, Coverage, Flip, Phase, Reason, Stats, Summary
from changeover.core.move import Move, Stage
from changeover.core.quantity import format_duration
from changeover.core.verdict import Arm, Decision, Verdict
from changeover.show.paper import Heading, Sentence, Table, to_html, to_markdown
from changeover.show.report import Story, report

NOW_NS = 1_767_225_600 * NS_PER_S
HOUR_NS = 3600 * NS_PER_S
FLIPS = [
    Flip(NOW_NS - HOUR_NS, "flag ddd.commands.utility", "25%", "0%", "auto", "5 of 9 failed"),
    Flip(NOW_NS - 2 * HOUR_NS, "flag ddd.commands.utility", "5%", "25%", "cli:anna", "looks well"),
]


def story(**changes) -> Story:
    told = {
        "now_ns": NOW_NS,
        "system": "ddd",
        "commands": [
            CommandState("ping", "utility", True, True, 100.0, Reason.FLAG, "f"),
            CommandState("add", None, True, False, 0.0, Reason.NO_NEW_HANDLER, None),
        ],
        "summary": Summary(
            coverage=Coverage(start_ns=NOW_NS - HOUR_NS, end_ns=NOW_NS, exact_to_event=True),
            total=Stats(),
            by_system={"ddd": Stats(total=9, errors=5, error_ratio=5 / 9)},
            by_command={},
            by_command_and_system={},
        ),
        "moves": [Move(scope="utility", flag="f", stage=Stage.OFF, retries=1)],
        "verdicts": [
            Verdict(
                scope="ping",
                decision=Decision.HOLD,
                code="few",
                reason="37 more executions of `ping`.",
                new=Arm(executions=9, errors=5, error_ratio=5 / 9, error_low=0.2, error_high=0.9),
            )
        ],
        "flips": FLIPS,
    }
    return Story(**told | changes)


def test_it_tells_stages_rollbacks_evidence_and_every_change():
    told = to_markdown(report(story()))
    assert "1 of 2 commands are on ddd" in told
    assert "2 changes; rollbacks: 1" in told
    assert "| utility | off |" in told
    assert "55.56% (20.00% to 90.00%)" in told
    assert "5 of 9 failed" in told
    assert "cli:anna" in told


def test_an_incident_is_told_with_how_long_it_lasted():
    alert = Alert(
        key="error_rate", rule="error_rate", phase=Phase.RESOLVED, severity="critical",
        summary="", value=0.0, threshold=0.01, unit="ratio", fired_ns=NOW_NS - HOUR_NS,
        resolved_ns=NOW_NS, peak=0.4,
    )  # fmt: skip
    assert "| critical |" in to_markdown(report(story(alerts=[alert])))
    assert format_duration(3600) in to_markdown(report(story(alerts=[alert])))


def test_before_anything_happened_it_says_so():
    told = to_markdown(report(story(moves=(), verdicts=(), flips=())))
    assert "Nothing has been changed yet" in told
    assert "There were none" in told


HOSTILE = '<script>alert(1)</script> | [x](javascript:y) `a` "q"'


def test_what_people_wrote_is_text_in_html_and_in_markdown():
    flip = Flip(NOW_NS, "flag x", None, "1%", "cli:anna", HOSTILE)
    blocks = report(story(flips=[flip]))
    page = to_html(blocks, HOSTILE)
    assert "<script" not in page
    assert page.count("<title>") == 1
    (row,) = (line for line in to_markdown(blocks).splitlines() if "flag x" in line)
    assert len(re.findall(r"(?<!\\)\|", row)) == 6, "no cell was added"
    assert "\\[x\\](javascript" in row


@given(st.text(), st.lists(st.text(), min_size=2, max_size=2))
def test_any_text_keeps_the_shape_of_the_paper(text, cells):
    blocks = [Heading(2, text), Sentence(text), Table(["a", ">b"], [cells])]
    lines = to_markdown(blocks).rstrip("\n").split("\n")
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", lines[-1])) == 3
    page = to_html(blocks, text)
    assert page.count("<td") == 2
