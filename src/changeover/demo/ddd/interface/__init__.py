"""How people reach the services: command handlers and the words of their replies."""
