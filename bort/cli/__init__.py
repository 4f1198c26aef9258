"""The command line: `bort GROUP COMMAND`. One file per group; each only parses and prints."""

from bort.cli.main import main

__all__ = ["main"]
