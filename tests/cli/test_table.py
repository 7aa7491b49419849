"""Tables for the terminal: what others wrote is shown, not obeyed."""

from __future__ import annotations

import click

from changeover.cli.table import Column, render, tame


def test_what_others_wrote_cannot_steer_the_terminal_or_break_the_lines():
    hostile = "a\x1b]0;title\x07\x1b[2J\nb\u202egpj\x00"
    lines = render([Column("command"), Column("why")], [[hostile, "x"], ["ping", "y"]]).split("\n")
    assert len(lines) == 3
    assert lines[1].split("  ") == ["a]0;title[2J bgpj", "x"]
    assert lines[2].index("y") == lines[1].index("x")


def test_our_own_colours_stay():
    word = click.style("rollback", fg="red", bold=True)
    assert tame(word) == word
