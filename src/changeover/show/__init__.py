"""Showing: one read model, and the API, page and exporters over it."""
