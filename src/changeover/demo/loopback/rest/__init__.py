"""The REST API that a bot needs, by topic."""
