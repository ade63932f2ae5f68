"""`python -m dsx_reader`: as `dsx-reader`, where the command is not on the PATH."""

from dsx_reader.command import main

main()
