"""Any story of calls, late calls, waiting and reading ends in what the plain list says."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from changeover.aggregate.summaries import Summaries
from changeover.core.clock import NS_PER_S, ManualClock
from changeover.core.model import Execution, Instance, Outcome, Series
from changeover.core.window import parse_window

SELF = Instance("self", "host", 1)

series = st.builds(
    Series,
    st.sampled_from(["add", "list"]),
    st.sampled_from(["legacy", "ddd"]),
    st.sampled_from(list(Outcome)),
)
calls = st.lists(st.tuples(st.integers(0, 120), series, st.integers(0, 10**12)), max_size=12)
windows = st.sampled_from(["1s", "30s", "5m", "7m", "1h", "2h", "24h"]).map(parse_window)


def machine_of(telemetry_class, agree):
    class Story(RuleBasedStateMachine):
        @initialize(
            max_events=st.sampled_from([20, 1_000]), before=calls, start_ns=st.integers(0, 10**14)
        )
        def begin(self, max_events, before, start_ns):
            self.clock = ManualClock(1_767_225_600_000_000_000 + start_ns)
            self.telemetry = telemetry_class()
            self.rows = []
            self.add_to_list(before, 60)
            self.clock.advance(1e-9)  # what ended before memory began is the store's
            self.summaries = Summaries(
                self.telemetry, clock=self.clock, keep_s=3_700, max_events=max_events
            )

        def add_to_list(self, made, scale_s):
            now_ns = self.clock.wall_ns()
            fresh = [Execution(now_ns - ago * scale_s * NS_PER_S, s, d) for ago, s, d in made]
            self.rows += fresh
            self.telemetry.store(SELF, fresh)
            return fresh

        @rule(made=calls)
        def record(self, made):
            now_ns = self.clock.wall_ns()
            self.summaries.add(self.add_to_list([(0, s, d) for _, s, d in made], 1))
            assert self.clock.wall_ns() == now_ns

        @rule(made=calls, scale_s=st.sampled_from([1, 60]))
        def come_late(self, made, scale_s):
            self.summaries.add(self.add_to_list(made, scale_s))

        @rule(seconds=st.one_of(st.floats(0, 10), st.integers(0, 4_000)))
        def wait(self, seconds):
            self.clock.advance(seconds)

        @rule(window=windows)
        def look(self, window):
            self.clock.advance(10.1)  # what the store was asked before is asked anew
            asked_ns = self.clock.wall_ns() - window.ns
            summary = self.summaries.summary(window)
            assert summary.coverage.start_ns == asked_ns
            assert summary.coverage.exact_to_event
            agree(summary, self.rows)

        @rule(window=windows)
        def look_at_the_timeline(self, window):
            self.clock.advance(10.1)
            timeline = self.summaries.timeline(window)
            for slot in timeline.slots:
                end_ns = slot.start_ns + timeline.step_ns
                rows = [r for r in self.rows if slot.start_ns <= r.at_ns < end_ns]
                rows = [r for r in rows if r.at_ns <= self.clock.wall_ns()]
                assert set(slot.by_system) == {r.series.system for r in rows}
                for system, stats in slot.by_system.items():
                    durations = [r.duration_ns for r in rows if r.series.system == system]
                    assert (stats.total, stats.max_ns) == (len(durations), max(durations))

    return Story


def test_any_story_ends_in_what_the_list_says(telemetry, agree):
    story = machine_of(type(telemetry), agree)
    story.TestCase.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
    story.TestCase().runTest()
