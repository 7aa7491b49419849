"""What the bot is about: entities and value objects that keep their own rules."""
