"""`bort app`: open the dashboard."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import click

import bort
from bort.errors import MissingExtraError, StoreError
from bort.study import InvalidFieldError

ROOT = Path(bort.__file__).parent.parent


@click.command()
@click.option("--port", default=8501, show_default=True, help="Port on 127.0.0.1.")
@click.option("--open/--no-open", "opens", default=True, help="Open a browser window.")
def app(port: int, opens: bool) -> None:
    """Open the dashboard on this machine, for this machine only.

    Studies and jobs are those of $BORT_STORE (default: SQLite in $BORT_HOME). Jobs go on when
    the dashboard is stopped.

    \b
    Examples:
      bort app
      bort app --port 8600 --no-open
    """
    if not 1 <= port <= 65_535:
        raise InvalidFieldError("port", f"a port lies between 1 and 65535, got {port}; try 8501")
    if find_spec("streamlit") is None:
        raise MissingExtraError(
            "the dashboard needs streamlit, not installed; install with: pip install 'bort[app]'"
        )
    if not (ROOT / "app.py").is_file():
        raise StoreError(
            f"no app.py in {ROOT}; the dashboard runs from a checkout: pip install -e '.[app]'"
        )
    command = _command(port, opens=opens)
    os.execv(command[0], command)  # this process becomes the server: one pid, its own signals


def _command(port: int, *, opens: bool) -> list[str]:
    """Streamlit takes our settings from `.streamlit` beside app.py, wherever it is started."""
    return [
        *(sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py")),
        *("--server.port", str(port), "--server.headless", str(not opens).lower()),
    ]
