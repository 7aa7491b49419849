"""The floor of the house: nouns that every room may use, and that use nothing of ours."""
