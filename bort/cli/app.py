"""`bort app`: open the dashboard."""

import os
import socket
import sys
from importlib.util import find_spec
from urllib.parse import urlsplit

import click

from bort.core import paths
from bort.core.errors import BortError, InvalidFieldError, MissingExtraError
from bort.core.sharing import Sharing, read_sharing

LESSONS = "lessons"


@click.command()
@click.option("--port", default=8501, show_default=True, help="Port to listen on.")
@click.option(
    "--share",
    type=click.Choice(["login", LESSONS]),
    is_flag=False,
    flag_value="login",
    help="Share it: behind a login, or the lessons alone. docs/sharing.md says what it needs.",
)
@click.option("--open/--no-open", "opens", default=True, help="Open a browser window.")
@click.option(
    "--prepare/--no-prepare",
    default=True,
    help="First fetch the tasks and the source network, if they are not here yet.",
)
def app(port: int, share: str | None, opens: bool, prepare: bool) -> None:
    """Open the dashboard. Only this machine can reach it, unless it is shared.

    It shows the studies and jobs in $BORT_STORE (default: SQLite in $BORT_HOME). Jobs keep running
    after the dashboard is stopped. A shared dashboard, other than the lessons alone, needs a login;
    its owners start, cancel and delete, everybody else reads.

    \b
    Examples:
      bort app
      bort app --port 8600 --no-open
      bort app --share
      bort app --share=lessons
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
    sharing = None if share is None else _sharing(lessons_alone=share == LESSONS)
    if _is_taken(port):
        raise InvalidFieldError(
            "port",
            f"port {port} is in use, perhaps by a running dashboard: open "
            f"http://127.0.0.1:{port}, or choose another, --port "
            f"{port + 1 if port < 65_535 else 8501} for example",
        )
    if prepare and share != LESSONS:
        _prepare()
    click.echo(_greeting(port, sharing))
    sys.stdout.flush()  # the next line replaces this process
    command = _command(port, sharing, opens=opens)
    # This process becomes the server: one pid, its own signals.
    os.execve(command[0], command, _environment())


def _sharing(*, lessons_alone: bool) -> Sharing:
    sharing = read_sharing(os.environ, lessons_alone=lessons_alone)
    if sharing.login is not None and find_spec("authlib") is None:
        raise MissingExtraError(
            "the login needs authlib, which is not installed; install it with: pip install "
            "'bort[app,share]'"
        )
    return sharing


def _greeting(port: int, sharing: Sharing | None) -> str:
    here = f"http://{'127.0.0.1' if sharing is None else sharing.address}:{port}"
    if sharing is None:
        return f"Dashboard: {here} (Ctrl+C stops it; jobs keep running)"
    if sharing.login is None:
        return f"Lessons: {_typed(sharing.url, port)} (Ctrl+C stops it)"
    owners = ", ".join(sharing.login.owners) or "nobody, because no owners are named"
    return (
        f"Dashboard: {sharing.url}, served at {here} (Ctrl+C stops it; jobs keep running)\n"
        f"Owners, who may start, cancel and delete: {owners}"
    )


def _typed(url: str, port: int) -> str:
    """Write the address that students type: behind a proxy, which has https, it has no port.

    Examples:
        >>> _typed("http://teacher.local", 8501), _typed("https://example.org/lessons", 8501)
        ('http://teacher.local:8501', 'https://example.org/lessons')
    """
    parts = urlsplit(url)
    if parts.scheme == "https" or parts.port is not None:
        return url
    return parts._replace(netloc=f"{parts.netloc}:{port}").geturl()


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


def _command(port: int, sharing: Sharing | None, *, opens: bool) -> list[str]:
    """The command that starts Streamlit with the settings in `.streamlit` next to app.py.

    What protects the server is said twice: no file and no variable overrides a flag. `-P` keeps
    Python from importing modules of the folder where it is started.
    """
    script, place = "app.py", Sharing()  # this machine only
    if sharing is not None:
        script, place, opens = "shared_app.py", sharing, False
    hosts = [part for host in place.hosts for part in ("--server.allowedHosts", host)]
    return [
        *(sys.executable, "-P", "-m", "streamlit", "run", str(paths.dashboard() / script)),
        *("--server.port", str(port), "--server.headless", str(not opens).lower()),
        *("--server.address", place.address, "--server.baseUrlPath", place.base_path),
        *("--browser.serverAddress", place.hosts[0]),
        *("--server.enableCORS", "true", "--server.enableXsrfProtection", "true", *hosts),
        *("--server.maxUploadSize", "50", "--server.enableStaticServing", "false"),
        *(["--", LESSONS] if sharing is not None and sharing.login is None else []),
    ]


def _environment() -> dict[str, str]:
    """The environment without Streamlit's variables, which would change its settings.

    How the dashboard is shared is in variables too, which the server reads again.
    """
    return {k: v for k, v in os.environ.items() if not k.startswith("STREAMLIT_")}
