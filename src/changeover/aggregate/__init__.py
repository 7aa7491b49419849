"""Aggregating: what happened in a window, exactly."""
