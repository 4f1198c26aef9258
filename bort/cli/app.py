"""`bort app`: open the dashboard."""

import os
import socket
import sys
from importlib.util import find_spec

import click

from bort.core import paths
from bort.core.errors import BortError, InvalidFieldError, MissingExtraError


@click.command()
@click.option("--port", default=8501, show_default=True, help="Port on 127.0.0.1.")
@click.option("--open/--no-open", "opens", default=True, help="Open a browser window.")
@click.option(
    "--prepare/--no-prepare",
    default=True,
    help="First fetch the tasks and the source network, if they are not here yet.",
)
def app(port: int, opens: bool, prepare: bool) -> None:
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
    if _is_taken(port):
        raise InvalidFieldError(
            "port",
            f"port {port} is in use, perhaps by a running dashboard: open "
            f"http://127.0.0.1:{port}, or choose another, --port 8600 for example",
        )
    if prepare:
        _prepare()
    click.echo(f"Dashboard: http://127.0.0.1:{port} (Ctrl+C stops it; jobs keep running)")
    sys.stdout.flush()  # the next line replaces this process
    command = _command(port, opens=opens)
    # This process becomes the server: one pid, its own signals.
    os.execve(command[0], command, _environment())


def _prepare() -> None:
    """Fetch what a search on the named tasks needs; the dashboard opens without it."""
    from bort.cli.data import progress
    from bort.tasks import prepare as prepare_tasks
    from bort.training.default_source import ensure_default_source

    try:
        with progress(hidden=False) as on_step:
            prepare_tasks(on_step=on_step)
            ensure_default_source(on_step=on_step)
    except BortError as error:
        click.echo(
            f"The dashboard opens without the tasks or the source network: {error}", err=True
        )


def _is_taken(port: int) -> bool:
    """Check whether something on this machine is listening on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _command(port: int, *, opens: bool) -> list[str]:
    """The command that starts Streamlit with the settings in `.streamlit` next to app.py.

    What protects the server is said twice: no file and no variable overrides a flag. `-P` keeps
    Python from importing modules of the folder where it is started.
    """
    return [
        *(sys.executable, "-P", "-m", "streamlit", "run", str(paths.dashboard() / "app.py")),
        *("--server.port", str(port), "--server.headless", str(not opens).lower()),
        *("--server.address", "127.0.0.1"),
        *("--server.enableCORS", "true", "--server.enableXsrfProtection", "true"),
        *("--server.allowedHosts", "127.0.0.1", "--server.allowedHosts", "localhost"),
        *("--server.maxUploadSize", "50", "--server.enableStaticServing", "false"),
    ]


def _environment() -> dict[str, str]:
    """The environment without Streamlit's variables, which would change its settings."""
    return {k: v for k, v in os.environ.items() if not k.startswith("STREAMLIT_")}
