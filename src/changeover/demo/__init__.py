"""The demo: an 18-command bot in two implementations, and a Discord to run it on."""
