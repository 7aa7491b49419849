"""Watch and steer the move of a bot's commands from one implementation to another."""
