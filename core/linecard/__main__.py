"""`python -m linecard` is `linecard`."""

from linecard.cli import main

main()
