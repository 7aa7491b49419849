"""The SQLite file that both implementations share: its schema, its opener, named queries."""
