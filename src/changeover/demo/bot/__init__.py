"""The discord.py bot: 18 commands by prefix and by slash, answered through the adapter."""
