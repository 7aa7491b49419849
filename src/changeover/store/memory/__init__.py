"""Both store ports in this process's memory: for tests, and for bots that keep nothing."""

from changeover.store.memory.state import MemoryState
from changeover.store.memory.telemetry import MemoryTelemetry

__all__ = ["MemoryState", "MemoryTelemetry"]
