"""`bort serve`: answers over HTTP with an exported model."""

import ipaddress
import os
import socket
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from bort.cli import options
from bort.core.errors import InvalidFieldError, InvalidOptionError, MissingExtraError

HERE = ("127.0.0.1", "localhost", "[::1]")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--port", default=8000, show_default=True, help="Port to listen on; 0 for a free one."
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Address to listen on. Any other than this machine's own lets others in.",
)
@click.option(
    "--allow-host",
    "names",
    multiple=True,
    metavar="NAME",
    help="A name by which clients call this server, such as api.example.org; may be given several "
    "times.  [default: this machine's own]",
)
@options.accuracy
def serve(
    folder: Path, port: int, host: str, names: tuple[str, ...], accuracy: float | None
) -> None:
    """Answer over HTTP with the exported model in FOLDER.

    FOLDER comes from `bort export`, in any format but bundle. POST /predict takes {"texts": ["a
    text", ...]}, or pairs as ["first", "second"], and gives a label and scores for each. Texts that
    come at the same time are read together. GET /health says whether it answers, GET /metrics
    counts for Prometheus. Only this machine can reach it, unless you give --host, and it knows no
    login: put a proxy with one in front before you let others in.

    \b
    Examples:
      bort serve reviews-onnx
      curl --json '{"texts": ["A fine film."]}' localhost:8000/predict
      bort serve reviews-onnx --accuracy 0.95 --port 8080
      bort serve reviews-onnx --host 0.0.0.0 --allow-host api.example.org
    """
    if not 0 <= port <= 65_535:
        raise InvalidFieldError("port", f"the port must be between 0 and 65535, got {port}")
    if any(find_spec(name) is None for name in ("fastapi", "prometheus_client", "uvicorn")):
        raise MissingExtraError(
            "the server needs fastapi, prometheus-client and uvicorn, and not all are installed; "
            "install them with: pip install 'bort[serve,train,onnx]'"
        )
    hosts = _hosts(host, names)
    from bort.export.predicting import Predictor, check_model

    check_model(folder)
    listening = _listen(host, port)
    with listening:
        predictor = Predictor(folder)
        threshold = None if accuracy is None else predictor.threshold_for(accuracy)

        import uvicorn

        from bort.export.serving import make_server

        server = make_server(
            predictor, hosts=hosts, least_score=None if threshold is None else threshold.score
        )
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{listening.getsockname()[1]}"
        click.echo(f"{folder} ({predictor.runtime}) answers on {address}/predict; Ctrl+C stops it")
        sys.stdout.flush()
        config = uvicorn.Config(server, log_level="warning", access_log=False, server_header=False)
        uvicorn.Server(config).run(sockets=[listening])


def _hosts(host: str, names: tuple[str, ...]) -> tuple[str, ...]:
    try:
        is_here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise InvalidOptionError(
            f"--host must be an IP address of this machine, such as 127.0.0.1, got {host!r}"
        ) from None
    if not is_here and not names:
        raise InvalidOptionError(
            f"--host {host} lets other machines in; name what they call this server with "
            "--allow-host, for example --allow-host api.example.org, or leave --host out"
        )
    own = f"[{host}]" if ":" in host else host
    return (*HERE, *([own] if is_here else []), *names)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        raise InvalidFieldError(
            "port",
            f"cannot listen on port {port} of {host}: {os.strerror(error.errno or 0)}; choose "
            f"another, --port {port + 1 if 0 < port < 65_535 else 8001} for example",
        ) from None
    # Connections inherit it; else an answer's end waits 40 ms until the client has acknowledged.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
