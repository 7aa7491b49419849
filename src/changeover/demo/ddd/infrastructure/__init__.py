"""How the domain is kept: the repositories on SQLite."""
