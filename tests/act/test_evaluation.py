"""One rule, many series: each has its alert, and what vanishes has a state of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from changeover.act.built_in import with_move_rules
from changeover.act.documents import alert_document
from changeover.act.life import GONE_AFTER_S
from changeover.act.rulebook import RuleBook
from changeover.act.rules import OWNED_ELSEWHERE, Rule, built_in_rules
from changeover.core.clock import NS_PER_MS, NS_PER_S
from changeover.core.model import Alert, Phase, Status
from changeover.core.ports import Put
from changeover.core.window import parse_window


def split(**changes):
    return Rule(
        **{
            "name": "each", "metric": "error_ratio", "unit": "ratio", "warning": 0.1,
            "critical": 0.5, "window": parse_window("1h"), "split": ("command",), **changes,
        }
    )  # fmt: skip


@pytest.fixture
def start(world):
    def start(*rules, **options):
        world.processes.clear()
        return world.start(rules=list(rules), **options)

    return start


@pytest.fixture
def check(world, make_stats):
    """Evaluate with commands as `name=(total, error ratio)`."""

    def check(minutes=1, **commands):
        by_command = {
            name: make_stats(total=total, error_ratio=ratio)
            for name, (total, ratio) in commands.items()
        }
        for _ in range(minutes):
            world.clock.advance(60)
            world.check(by_command=by_command)
        return {alert.key: alert for alert in world.manager.alerts()[0]}

    return check


def events(world):
    return sorted(document.value["event"] for document in world.owed().values())


def test_each_series_has_its_own_alert(start, check, world):
    start(split())
    active = check(add=(50, 0.2), list=(50, 0.6), ping=(50, 0.0))
    assert {key: alert.severity for key, alert in active.items()} == {
        "each{command=add}": "warning",
        "each{command=list}": "critical",
    }
    assert active["each{command=add}"].summary == "Error rate of add is 20 % over 1h, above 10 %"
    active = check(10, add=(50, 0.0), list=(50, 0.6), ping=(50, 0.3))
    assert set(active) == {"each{command=list}", "each{command=ping}"}
    assert events(world) == ["firing"] * 3 + ["resolved"]


def test_one_that_escalates_stays_one_alert(start, check, world):
    start(split())
    check(add=(50, 0.2))
    active = check(add=(50, 0.7))
    assert [alert.severity for alert in active.values()] == ["critical"]
    assert events(world) == ["escalated", "firing"]


def test_a_series_that_vanishes_neither_resolves_nor_reminds(start, check, world):
    start(split())
    check(add=(50, 0.2))
    (alert,) = check(12 * 60, ping=(50, 0.0)).values()
    assert (alert.phase, alert.unknown) == (Phase.FIRING, "gone")
    assert events(world) == ["firing"]


def test_a_series_that_is_back_goes_on_where_it_was(start, check):
    start(split())
    check(add=(50, 0.2))
    check(12 * 60, ping=(50, 0.0))
    (alert,) = check(add=(50, 0.2)).values()
    assert (alert.phase, alert.unknown, alert.episode) == (Phase.FIRING, None, 1)


def test_a_series_that_is_gone_for_a_day_is_over_and_says_so(start, check, world):
    start(split())
    check(add=(50, 0.2))
    check(int(GONE_AFTER_S // 60), ping=(50, 0.0))
    assert events(world) == ["firing"]
    assert check(ping=(50, 0.0)) == {}
    assert events(world) == ["firing", "resolved"]
    (past,) = world.manager.alerts()[1]
    assert past.summary == "Each of add is no longer seen for 1 d"


def test_too_few_executions_are_no_reason_to_end_an_alert(start, check, world):
    start(split())
    check(add=(50, 0.2))
    (alert,) = check(int(GONE_AFTER_S // 60) + 10, add=(3, 1.0)).values()
    assert (alert.phase, alert.unknown) == (Phase.FIRING, "no_data")
    assert events(world) == ["firing"]


def test_a_rule_that_is_not_split_waits_for_data_however_long(world):
    world.check(error_ratio=0.05)
    for _ in range(3 * 24 * 60):
        world.clock.advance(60)
        world.check(total=0)
    (alert,) = world.manager.alerts()[0]
    assert (alert.phase, alert.unknown) == (Phase.FIRING, "no_data")


def test_time_without_data_counts_for_no_pending_alert(start, check):
    start(split(for_s=300))
    check(2, add=(50, 0.2))
    check(8 * 60, add=(3, 0.0))
    (alert,) = check(add=(50, 0.2)).values()
    assert alert.phase is Phase.PENDING
    (alert,) = check(5, add=(50, 0.2)).values()
    assert alert.phase is Phase.FIRING


def test_time_without_data_counts_for_no_calm(start, check):
    start(split(keep_firing_s=600))
    check(add=(50, 0.2))
    check(2, add=(50, 0.0))
    check(8 * 60, add=(3, 0.0))
    assert len(check(add=(50, 0.0))) == 1
    assert check(10, add=(50, 0.0)) == {}


def test_a_failing_question_is_a_state_of_its_own(start, check, world):
    manager = start(split())
    check(add=(50, 0.2))

    def summary_of(_window):
        raise ZeroDivisionError

    world.clock.advance(60)
    manager.check_alerts(summary_of, lambda: None)
    (alert,) = manager.alerts()[0]
    assert (alert.phase, alert.unknown) == (Phase.FIRING, "failed")
    (state,) = manager.rule_states()
    assert (state.state, state.detail) == ("failed", "ZeroDivisionError")
    assert manager.check().status is Status.DEGRADED


def test_a_rule_without_data_says_so(start, check):
    manager = start(split(), *built_in_rules(memory_mb=None, response_time_ms=None))
    check(add=(3, 1.0))
    assert {state.rule: state.state for state in manager.rule_states()} == {
        "each": "no_data",
        "error_rate": "ok",
    }
    assert manager.check().detail == "2 rules evaluated, 1 without data"


def test_rules_that_fail_are_told_of_by_the_rule_that_asks(start):
    asks = Rule(name="asks", metric="failing_rules", unit="", warning=0, window=None)
    manager = start(split(), asks)

    def summary_of(_window):
        raise ZeroDivisionError

    (alert,) = manager.check_alerts(summary_of, lambda: None)
    assert (alert.rule, alert.value) == ("asks", 1)


def test_alerts_that_other_parts_own_are_left_alone(start, world):
    manager = start(split())
    for rule in OWNED_ELSEWHERE:
        alert = Alert(
            key=rule, rule=rule, phase=Phase.FIRING, severity="critical", summary="s", value=None,
            threshold=0.0, unit="", since_ns=1, fired_ns=1,
        )  # fmt: skip
        world.state.commit([Put("alert", rule, alert_document(alert))])
    for _ in range(5):
        world.clock.advance(60)
        world.check()
    assert {alert.rule for alert in manager.alerts()[0]} == OWNED_ELSEWHERE
    assert not world.owed()


def test_channels_and_runbook_are_the_rules(start, check, world):
    rule = split(channels=("pager",), runbook="https://wiki.example.com/add")
    start(rule, channels=("file", "pager"))
    (alert,) = check(add=(50, 0.2)).values()
    assert (alert.channels, alert.runbook) == (("pager",), "https://wiki.example.com/add")
    assert [document.value["channel"] for document in world.owed().values()] == ["pager"]


def test_a_rule_whose_channels_are_not_set_up_is_told_everywhere_and_complained_of(
    start, check, world
):
    manager = start(split(channels=("slack",)), channels=("file", "log"))
    check(add=(50, 0.2))
    assert {document.value["channel"] for document in world.owed().values()} == {"file", "log"}
    assert "each names channels that are not set up: slack" in manager.check().detail


def test_the_alerts_that_want_a_rollback_are_told(start, check):
    manager = start(split(action="rollback"), split(name="plain"))
    check(add=(50, 0.2))
    ((alert, rule),) = manager.wanting("rollback")
    assert (alert.key, rule.name) == ("each{command=add}", "each")
    assert {alert.rule for alert, _ in manager.wanting("none")} == {"plain"}


def test_a_rule_that_is_split_otherwise_ends_the_alerts_that_it_had(start, check, world):
    start(split(split=()))
    world.clock.advance(60)
    world.check(error_ratio=0.3)
    start(split())
    world.clock.advance(120)
    active = check(add=(50, 0.2))
    assert set(active) == {"each{command=add}"}
    (past,) = world.manager.alerts()[1]
    assert past.summary == "Each is no longer watched; its rule was changed"


def test_rules_of_a_file_are_in_force_without_a_restart_and_a_broken_file_says_so(
    world, check, tmp_path
):
    file = tmp_path / "changeover.toml"
    world.processes.clear()
    manager = world.start(rules=RuleBook(world.rules, file, clock=world.clock))
    file.write_text(
        '[[alerts.rules]]\nname = "each"\nmetric = "error_ratio"\nwarning = 0.1\n'
        'split = "command"\n'
    )
    assert set(check(add=(50, 0.2))) == {"each{command=add}"}
    file.write_text("[[alerts.rules]]\nname = \n")
    assert set(check(add=(50, 0.2))) == {"each{command=add}"}
    check_told = manager.check()
    assert check_told.status is Status.DEGRADED
    assert "line 2" in check_told.detail
    file.write_text("")
    assert check(add=(50, 0.2)) == {}
    assert manager.check().status is Status.HEALTHY


def test_the_whole_set_of_rules_is_quiet_on_a_bot_that_does_well(
    world, make_summary, make_stats, make_sample
):
    def figures(total):
        return replace(make_stats(total=total, mean_ms=40), p95_ns=90 * NS_PER_MS)

    seen = replace(
        make_summary(
            by_system={system: figures(300) for system in ("ddd", "legacy")},
            by_command={command: figures(200) for command in "abc"},
            by_command_and_system={(c, s): figures(100) for c in "abc" for s in ("ddd", "legacy")},
        ),
        total=figures(600),
    )
    world.processes.clear()
    rules = with_move_rules(built_in_rules(), system="ddd", min_executions=20)
    manager = world.start(rules=rules)
    for _ in range(90):
        world.clock.advance(60)
        now_ns = world.clock.wall_ns()
        samples = [make_sample(now_ns - i * 30 * NS_PER_S) for i in range(60)]
        samples = [replace(sample, loop_lag_ns=NS_PER_MS) for sample in samples]
        firing = manager.check_alerts(
            lambda _: seen,
            lambda: samples[0],  # noqa: B023
            samples_of=lambda _: samples,  # noqa: B023
            shares=lambda: [0.0],
        )
        assert firing == []
    assert manager.check().detail == "13 rules evaluated"
