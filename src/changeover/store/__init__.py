"""Storing: telemetry and control state, in memory or in SQLite."""
