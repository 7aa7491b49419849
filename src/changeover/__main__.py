"""`python -m changeover` is the same as `changeover`."""

from changeover.cli import main

main()
