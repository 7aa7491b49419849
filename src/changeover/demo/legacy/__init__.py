"""The old bot: procedures over SQL, in the order in which its author needed them."""
