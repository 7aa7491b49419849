"""Routing: which system answers a call."""
