"""`python -m dsx` is `dsx`."""

from dsx.cli import main

main()
