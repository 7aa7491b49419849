"""What people can do with the bot: one service for each part of the domain."""
