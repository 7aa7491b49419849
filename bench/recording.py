"""What recording a call costs, beside prometheus_client in the same run."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import process_time_ns

from prometheus_client import CollectorRegistry, Counter, Histogram

from bench.figure import Figure
from changeover.aggregate.memory import Memory
from changeover.core.clock import SystemClock
from changeover.core.model import Outcome
from changeover.record.collector import MetricsCollector

PATH_LIMIT, ALL_LIMIT = 0.05, 0.15  # of the peer
ROUNDS, CALLS = 300, 256  # about what waits when a busy bot is drained
COMMANDS = [f"command {number}" for number in range(18)]
PAIRS = [(COMMANDS[i % 18], ("legacy", "ddd")[i // 18 % 2]) for i in range(CALLS)]


def run() -> list[Figure]:
    """Rounds of ours and of the peer alternate, so that a busy machine slows both."""
    peer, collector = _peer(), MetricsCollector()
    memory = Memory(SystemClock(), keep_s=3_900, max_events=1_000_000)
    costs: dict[str, list[float]] = {name: [] for name in ("loop", "peer", "path", "all", "keep")}
    for _ in range(ROUNDS):
        costs["loop"].append(_cost(_nothing))
        costs["peer"].append(_cost(lambda: _record_with_peer(*peer)))
        costs["path"].append(_cost(lambda: _record(collector)))
        collector.drain()
        costs["all"].append(_cost(lambda: (_record(collector), collector.drain())))
        _record(collector)
        rows = collector.drain().executions
        costs["keep"].append(_cost(lambda rows=rows: memory.add(rows)))  # type: ignore[misc]
    ns = {name: median(values) for name, values in costs.items()}
    loop_ns = ns["loop"]
    peer_ns, path_ns, all_ns = (ns[name] - loop_ns for name in ("peer", "path", "all"))
    beside = f"prometheus_client labels().inc() + labels().observe(): {peer_ns:.0f} ns"
    return [
        Figure.of("recording, on the path", path_ns / peer_ns, "x", limit=PATH_LIMIT, note=beside),
        Figure.of(
            "recording, folding included",
            all_ns / peer_ns,
            "x",
            limit=ALL_LIMIT,
            note="the same; path and drain()",
        ),
        Figure.of("recording, on the path", path_ns, "ns", note="a call, loop subtracted"),
        Figure.of("folding", all_ns - path_ns, "ns", note="a call, off the path"),
        Figure.of("counting into memory", ns["keep"], "ns", note="a call, off the path"),
    ]


def _cost(action: Callable[[], object]) -> float:
    """Processor nanoseconds of one of the calls in the action.

    What it returns is given back after the measurement: rows live on, in the store's queue.
    """
    before = process_time_ns()
    _kept = action()
    return (process_time_ns() - before) / CALLS


def _nothing() -> None:
    for _command, _system in PAIRS:
        pass


def _record(collector: MetricsCollector) -> None:
    record, ok = collector.record_command_execution, Outcome.OK
    for command, system in PAIRS:
        record(command, system, 0.0123, True, None, ok)


def _peer() -> tuple[Counter, Histogram]:
    registry = CollectorRegistry()
    labels = ["command", "system"]
    return (
        Counter("calls", "Calls.", labels, registry=registry),
        Histogram("duration_seconds", "Durations.", labels, registry=registry),
    )


def _record_with_peer(counter: Counter, histogram: Histogram) -> None:
    for command, system in PAIRS:
        counter.labels(command, system).inc()
        histogram.labels(command, system).observe(0.0123)
