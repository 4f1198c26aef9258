"""`bort app`: open the dashboard."""

import os
import socket
import sys
from importlib.util import find_spec
from pathlib import Path

import click

import bort
from bort.core.errors import InvalidFieldError, MissingExtraError, StoreError

ROOT = Path(bort.__file__).parent.parent


@click.command()
@click.option("--port", default=8501, show_default=True, help="Port on 127.0.0.1.")
@click.option("--open/--no-open", "opens", default=True, help="Open a browser window.")
def app(port: int, opens: bool) -> None:
    """Open the dashboard. Only this machine can reach it.

    It shows the studies and jobs in $BORT_STORE (default: SQLite in $BORT_HOME). Jobs keep running
    after the dashboard is stopped.

    \b
    Examples:
      bort app
      bort app --port 8600 --no-open
    """
    if not 1 <= port <= 65_535:
        raise InvalidFieldError(
            "port", f"the port must be between 1 and 65535, got {port}; try 8501"
        )
    if find_spec("streamlit") is None:
        raise MissingExtraError(
            "the dashboard needs streamlit, which is not installed; install it with: pip "
            "install 'bort[app]'"
        )
    if not (ROOT / "app.py").is_file():
        raise StoreError(
            f"no app.py in {ROOT}; the dashboard runs from a checkout: pip install -e '.[app]'"
        )
    if _is_taken(port):
        raise InvalidFieldError(
            "port",
            f"port {port} is in use, perhaps by a running dashboard: open "
            f"http://127.0.0.1:{port}, or choose another, --port 8600 for example",
        )
    click.echo(f"Dashboard: http://127.0.0.1:{port} (Ctrl+C stops it; jobs keep running)")
    sys.stdout.flush()  # the next line replaces this process
    command = _command(port, opens=opens)
    os.execv(command[0], command)  # this process becomes the server: one pid, its own signals


def _is_taken(port: int) -> bool:
    """Check whether something on this machine is listening on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _command(port: int, *, opens: bool) -> list[str]:
    """The command that starts Streamlit with the settings in `.streamlit` next to app.py."""
    return [
        *(sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py")),
        *("--server.port", str(port), "--server.headless", str(not opens).lower()),
    ]
