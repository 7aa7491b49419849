"""Judging: whether the new system is as good as legacy. Pure functions, no clock, no I/O."""
