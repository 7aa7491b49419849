"""`changeover alerts`: what a person reads, what a machine reads, and what is refused."""

from __future__ import annotations

import getpass
import json
from dataclasses import replace

import pytest

from changeover import ChangeoverError, Settings
from changeover.act.documents import ALERT, HISTORY, alert_document
from changeover.core.clock import NS_PER_S, SystemClock
from changeover.core.errors import BadValueError
from changeover.core.model import Alert, Flip, Phase
from changeover.core.order import RefusedOrderError
from changeover.core.ports import Put
from changeover.store.sqlite import open_stores

NOW_NS = SystemClock().wall_ns()
ME = f"cli:{getpass.getuser()}"
FIRING = Alert(
    key="error_rate{command=add}", rule="error_rate", phase=Phase.FIRING, severity="critical",
    summary="Error rate of add is 12 % over 5m, above 10 %", value=0.12, threshold=0.1,
    unit="ratio", labels={"command": "add"}, since_ns=NOW_NS, fired_ns=NOW_NS, notified_ns=NOW_NS,
    peak=0.2, episode=3,
)  # fmt: skip


@pytest.fixture
def state(tmp_path):
    """A store in which one alert fires and three are over."""
    folder = Settings(data_dir=tmp_path / "data").folder
    folder.mkdir(parents=True)
    stores = open_stores(folder / "changeover.db", clock=SystemClock())
    puts = [Put(ALERT, FIRING.key, alert_document(FIRING))]
    for number in range(3):
        over = replace(
            FIRING, key="memory", rule="memory", unit="MB", labels={}, phase=Phase.RESOLVED,
            severity="warning", summary=f"Memory is fine {number}", value=20.0, threshold=10.0,
            peak=30.0, resolved_ns=NOW_NS + number * NS_PER_S, episode=number,
        )  # fmt: skip
        puts.append(Put(HISTORY, f"memory#{number}", alert_document(over)))
    flip = Flip(NOW_NS, f"alert {FIRING.key}", "quiet", "firing critical", "auto", FIRING.summary)
    stores.state.commit(puts, [flip])
    yield stores.state
    stores.close()


@pytest.mark.usefixtures("state")
def test_the_list_shows_what_fires_then_what_is_over(run):
    lines = run("alerts", "list").output.splitlines()
    assert lines[0].split() == ["phase", "severity", "since", "key", "what"]
    assert lines[1].split()[:2] == ["firing", "critical"]
    assert [line.split()[0] for line in lines[2:]] == ["resolved"] * 3
    assert lines[2].endswith("Memory is fine 2")


@pytest.mark.usefixtures("state")
def test_the_list_can_be_filtered(run):
    def keys(*options):
        told = json.loads(run("alerts", "list", "--json", *options).output)
        return [one["key"] for one in [*told["active"], *told["past"]]]

    assert keys() == ["error_rate{command=add}", *["memory"] * 3]
    assert keys("--rule", "error_rate") == ["error_rate{command=add}"]
    assert keys("--severity", "warning") == ["memory"] * 3
    assert keys("--label", "command=add") == ["error_rate{command=add}"]
    assert keys("--label", "command=sub") == []
    assert keys("--until", "2001-01-01T00:00:00Z") == ["error_rate{command=add}"]


@pytest.mark.usefixtures("state")
def test_the_list_goes_on_where_a_page_ended(run):
    first = json.loads(run("alerts", "list", "--json", "--limit", "2").output)
    assert (first["total"], len(first["past"])) == (3, 2)
    second = json.loads(run("alerts", "list", "--json", "--cursor", first["next"]).output)
    assert ([one["episode"] for one in second["past"]], second["next"]) == ([0], None)
    assert second["active"] == []
    assert "1 more" in run("alerts", "list", "--limit", "2").output


@pytest.mark.usefixtures("state")
def test_one_alert_is_shown_with_all_that_happened_to_it(run):
    output = run("alerts", "show", FIRING.key).output
    assert "phase:         firing, critical" in output
    assert "value:         12 %" in output
    assert "command:       add" in output
    assert "quiet" in output.splitlines()[-1]
    told = json.loads(run("alerts", "show", FIRING.key, "--json").output)
    assert told["alert"]["episode"] == 3
    assert told["changes"][0]["new"] == "firing critical"


@pytest.mark.usefixtures("state")
def test_an_alert_that_is_not_there_says_where_to_look(run):
    error = run("alerts", "show", "nothing").exception
    assert isinstance(error, ChangeoverError)
    assert "changeover alerts list" in str(error)


def test_an_acknowledgement_is_kept_with_who_and_why(run, state):
    result = run("alerts", "ack", FIRING.key, "--reason", "restarting", "--episode", "3")
    assert result.output == f"{FIRING.key}: acknowledged by {ME}\n"
    flip = state.flips()[0]
    assert (flip.new, flip.actor, flip.reason) == ("acknowledged", ME, "restarting")
    assert f"[{ME} looks after it]" in run("alerts", "list").output
    assert f"acknowledged:  by {ME}" in run("alerts", "show", FIRING.key).output
    assert isinstance(run("alerts", "ack", FIRING.key).exception, RefusedOrderError)


def test_an_acknowledgement_sends_nothing_itself(run, state, tmp_path):
    run("alerts", "ack", FIRING.key)
    assert state.read("outbox")
    assert not (tmp_path / "data" / "alerts.log").exists()


def test_a_silence_is_made_listed_and_ended(run, state):
    words = ("rule=error_*", "command=add", "--for", "2h", "--reason", "known bug")
    made = run("alerts", "silence", *words).output
    assert "command=add rule=error_*" in made
    (one,) = json.loads(run("alerts", "silences", "--json").output)
    assert (one["actor"], one["reason"]) == (ME, "known bug")
    assert one["id"] in run("alerts", "silences").output
    assert "[silenced until" in run("alerts", "list").output
    assert f"by {ME}: known bug" in run("alerts", "show", FIRING.key).output
    assert "has ended" in run("alerts", "unsilence", one["id"]).output
    assert run("alerts", "silences").output == "nothing is silenced\n"
    assert [flip.new for flip in state.flips(1)] == ["ended"]
    assert isinstance(run("alerts", "unsilence", one["id"]).exception, RefusedOrderError)


@pytest.mark.usefixtures("state")
def test_a_maintenance_is_planned_listed_and_called_off(run):
    assert run("alerts", "maintenance", "list").output == "no maintenance is planned\n"
    made = run(
        "alerts", "maintenance", "add", "--from", "2100-01-01T00:00:00Z", "--for", "1h",
        "--reason", "move",
    )  # fmt: skip
    assert "from 2100-01-01T00:00:00Z until 2100-01-01T01:00:00Z" in made.output
    assert "silenced" not in run("alerts", "list").output
    (one,) = json.loads(run("alerts", "maintenance", "list", "--json").output)
    assert run("alerts", "maintenance", "end", one["id"]).exit_code == 0
    run("alerts", "maintenance", "add", "--for", "1m", "--reason", "now")
    assert "[silenced until" in run("alerts", "list").output


@pytest.mark.parametrize(
    "words",
    [
        ("silence", "error_rate", "--for", "2h", "--reason", "x"),
        ("silence", "rule=a", "rule=b", "--for", "2h", "--reason", "x"),
        ("silence", "rule=a", "--for", "2", "--reason", "x"),
        ("silence", "rule=a", "--for", "2h", "--reason", " "),
        ("maintenance", "add", "--until", "tomorrow", "--reason", "x"),
        ("list", "--since", "yesterday"),
        ("list", "--cursor", "there"),
    ],
)
@pytest.mark.usefixtures("state")
def test_a_bad_value_is_named_with_an_example(run, words):
    error = run("alerts", *words).exception
    assert isinstance(error, BadValueError)
    assert "for example" in str(error)


@pytest.mark.usefixtures("state")
def test_how_long_must_be_said_once(run):
    assert run("alerts", "silence", "rule=a", "--reason", "x").exit_code == 2
    assert run("alerts", "maintenance", "add", "--reason", "x").exit_code == 2


def test_what_others_wrote_does_nothing_to_the_terminal(run, state):
    evil = replace(
        FIRING, key="evil\x1b[2J", summary="red\x1b[31m\r\nfake line\u202e", labels={"a\x07": "b\x9b"},
    )  # fmt: skip
    state.commit([Put(ALERT, evil.key, alert_document(evil))])
    run("alerts", "ack", evil.key, "--reason", "\x1b]0;title\x07")
    for words in (("list",), ("show", evil.key)):
        for form in ((), ("--json",)):
            output = run("alerts", *words, *form).output
            assert not set(output) & set("\x1b\r\x07\x9b\u202e"), (words, form)
            assert "fake line" in output
