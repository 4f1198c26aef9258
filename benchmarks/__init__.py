"""Our own benchmarks, and the tables they record."""

import os
import sys
from pathlib import Path

import click


def say(text: str) -> None:
    """Show a line that the next one replaces, on a terminal only."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{text}", err=True, nl=False)


def drop_torn_line(path: Path) -> None:
    """Remove the unfinished last line of a process that was killed while writing."""
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)
