"""The new bot: a domain that knows the rules, services that use it, SQLite behind ports."""
