from __future__ import annotations

from dataclasses import replace

from changeover.act import ledger
from changeover.act.manager import LEASE_S
from changeover.act.rules import built_in_rules
from changeover.core.clock import NS_PER_S
from changeover.core.errors import ConflictError, StoreUnavailableError
from changeover.core.model import Phase, Status
from changeover.core.ports import Put


def test_check_alerts_returns_what_fires_the_critical_first(world, make_summary, make_sample):
    world.rules = built_in_rules()
    world.processes.clear()
    manager = world.start()
    seen = make_summary(error_ratio=0.5, mean_ms=1500)
    sample = make_sample(world.clock.wall_ns(), rss_mb=1100)
    firing = manager.check_alerts(lambda _window: seen, lambda: sample)
    told = [(alert.key, alert.severity, alert.unit) for alert in firing]
    assert told[0] == ("error_rate", "critical", "ratio")
    assert sorted(told[1:]) == [("memory", "warning", "MB"), ("response_time", "warning", "ms")]


def test_the_window_of_each_rule_is_asked_for(world, make_summary):
    asked = []

    def summary_of(window):
        asked.append(window.text)
        return make_summary()

    world.processes.clear()
    world.start(rules=built_in_rules()).check_alerts(summary_of, lambda: None)
    assert asked == ["5m"]


def test_one_failing_rule_never_hides_another(world, make_sample):
    manager = world.start(rules=built_in_rules())
    world.processes.pop(0)

    def summary_of(_window):
        raise StoreUnavailableError("locked")

    sample = make_sample(world.clock.wall_ns(), rss_mb=1100)
    firing = manager.check_alerts(summary_of, lambda: sample)
    assert [alert.key for alert in firing] == ["memory"]
    assert world.guard.counts["act.rule"] == 2
    check = manager.check()
    assert check.status is Status.DEGRADED
    assert "error_rate (StoreUnavailableError)" in check.detail


def test_a_failure_while_firing_neither_resolves_nor_repeats(world):
    world.check(error_ratio=0.05)

    def summary_of(_window):
        raise ZeroDivisionError

    for _ in range(20):
        world.clock.advance(60)
        assert len(world.manager.check_alerts(summary_of, lambda: None)) == 1
    assert len(world.owed()) == 1


def test_alert_message_and_flip_are_one_transaction(world):
    commits = []
    plain = world.state.state

    class Watched:
        def __getattr__(self, name):
            return getattr(plain, name)

        def commit(self, puts, flips=()):
            commits.append((puts, flips))
            plain.commit(puts, flips)

    world.state.state = Watched()
    world.check(error_ratio=0.05)
    ((puts, flips),) = commits
    assert [put.kind for put in puts] == ["alert", "outbox"]
    assert puts[0].expected == 0
    assert [(flip.subject, flip.new, flip.actor) for flip in flips] == [
        ("alert error_rate", "firing warning", "auto")
    ]


def test_every_channel_owes_its_own_message(world):
    world.processes.clear()
    world.start(channels=("file", "log", "discord"))
    world.check(error_ratio=0.05)
    owed = world.owed()
    assert {document.value["channel"] for document in owed.values()} == {"file", "log", "discord"}
    assert len(owed) == 3


def test_a_message_says_who_noticed_and_where_the_page_is(world):
    world.processes.clear()
    world.start(link="https://bot.example.com/")
    world.check(error_ratio=0.05)
    (document,) = world.owed().values()
    assert document.value["instance"] == "host/1"
    assert document.value["link"] == "https://bot.example.com/"


def test_quiet_evaluations_write_nothing(world):
    world.check()
    before = world.state.revision()
    for _ in range(10):
        world.clock.advance(60)
        world.check(error_ratio=0.005)
    assert world.state.revision() == before


def test_the_past_is_newest_first(world):
    world.rules = [replace(rule, keep_firing_s=0) for rule in world.rules]
    world.processes.clear()
    world.start()
    for _ in range(20):
        world.clock.advance(60)
        world.check(error_ratio=0.05)
        world.clock.advance(60)
        world.check()
    active, past = world.manager.alerts(limit=3)
    assert (active, len(past)) == ([], 3)
    assert [alert.episode for alert in past] == [20, 19, 18]


def test_the_past_is_bounded_and_the_newest_stay(world):
    world.rules = [replace(rule, keep_firing_s=0) for rule in world.rules]
    world.processes.clear()
    world.start()
    world.check(error_ratio=0.05)
    world.clock.advance(60)
    world.check()
    (document,) = world.state.read("alert_history").values()
    old = [
        Put("alert_history", f"old#{number}", {**document.value, "key": "old", "episode": number,
            "resolved_ns": number})
        for number in range(1, 1500)
    ]  # fmt: skip
    world.state.commit(old)
    world.restart()
    world.check(error_ratio=0.05)
    world.clock.advance(60)
    world.check()
    kept = world.state.read("alert_history")
    assert len(kept) == ledger.HISTORY_LIMIT
    assert {"error_rate#1", "error_rate#2", "old#1499"} <= set(kept)
    assert "old#1" not in kept


def test_an_unreadable_document_is_counted_and_written_anew(world):
    world.state.commit([Put("alert", "error_rate", {"phase": "firing", "key": 7})])
    world.check(error_ratio=0.05)
    assert world.guard.counts["act.alert_document"] == 1
    assert world.manager.alerts()[0][0].phase is Phase.FIRING


def test_an_alert_that_can_never_be_stored_hides_no_other(world, make_stats):
    poison = replace(world.rules[0], name="poison", only={"command": "\ud800"})
    world.processes.clear()
    manager = world.start(rules=[poison, *world.rules])
    parts = {"by_command": {"\ud800": make_stats(error_ratio=0.5)}}
    for _ in range(3):
        world.check(error_ratio=0.05, **parts)
        world.clock.advance(60)
    assert [alert.key for alert in manager.alerts()[0]] == ["error_rate"]
    assert len(world.owed()) == 1
    assert world.guard.counts["act.alert_document"] == 3


def test_a_lost_race_is_judged_again_from_what_the_winner_wrote(world):
    class Racing:
        """Another process commits the same alert between our read and our write."""

        lost = 0

        def __getattr__(self, name):
            return getattr(plain, name)

        def commit(self, puts, flips=()):
            if not self.lost:
                self.lost = 1
                plain.commit(puts, flips)
                raise ConflictError("alert", "error_rate", expected=0, found=1)
            plain.commit(puts, flips)

    plain = world.state.state
    world.state.state = Racing()
    world.check(error_ratio=0.05)
    world.clock.advance(60)
    world.check(error_ratio=0.05)
    assert len(plain.read("outbox")) == 1
    assert len(plain.flips()) == 1


def test_the_check_says_how_old_the_last_evaluation_is(world):
    assert world.manager.check().detail == "not evaluated yet"
    world.check()
    world.clock.advance(42)
    check = world.manager.check()
    assert (check.status, check.age_s) == (Status.HEALTHY, 42)
    world.clock.advance(200)
    assert world.manager.check().status is Status.DEGRADED
    world.clock.set_wall(world.clock.wall_ns() - 10**6 * NS_PER_S)
    assert world.manager.check().age_s == 242


def test_an_evaluation_that_never_came_is_a_problem(world):
    world.clock.advance(200)
    check = world.manager.check()
    assert (check.status, check.detail) == (Status.DEGRADED, "not evaluated for 3 min 20 s")


def test_the_process_that_does_not_lead_says_so(world):
    world.start()
    world.check()
    (leader, _), (other, _) = world.processes
    assert leader.check().detail == "1 rules evaluated"
    assert other.check().detail == "another process evaluates"


def test_delivery_is_woken_only_when_something_is_owed(world):
    woken = []
    world.processes.clear()
    world.start(wake=lambda: woken.append(1))
    world.check()
    assert woken == []
    world.check(error_ratio=0.05)
    assert woken == [1]


def test_no_thread_to_be_had_is_counted(world):
    def wake():
        raise RuntimeError("can't start new thread")

    world.processes.clear()
    world.start(wake=wake)
    world.check(error_ratio=0.05)
    assert world.guard.counts["act.wake"] == 1


def test_another_process_takes_over_within_thirty_seconds(world):
    world.start()
    (leader, _), (other, _) = world.processes
    world.check()
    for _ in range(5):
        world.clock.advance(LEASE_S / 3)
        assert not leader.keep_lead()
        assert not other.keep_lead()
    took_over, seconds = False, 0.0  # the leader is killed here
    while not took_over:
        world.clock.advance(LEASE_S / 3)
        seconds += LEASE_S / 3
        took_over = other.keep_lead()
    assert seconds <= 30
    assert other.check().detail == "1 rules evaluated"
    assert not leader.keep_lead()


def test_a_store_that_is_away_changes_no_leader(world):
    world.start()
    (leader, _), (other, _) = world.processes
    world.check()
    world.state.away = True
    world.clock.advance(100)
    assert not leader.keep_lead()
    assert not other.keep_lead()
