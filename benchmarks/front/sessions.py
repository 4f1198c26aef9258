"""Sessions of the dashboard without a browser: what Streamlit's client says, and no painting."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from benchmarks.front.measuring import processor_s
from bort.core.errors import BortError

PATIENCE_S = 120.0
EPSILONS = (0.1, 0.25, 0.5, 1.0)
MIB = 2**20


class Round(NamedTuple):
    """All sessions ran their page once.

    Attributes:
        memory_mib: of the server, afterwards.
        processor_s: of the server, for one page.
    """

    memory_mib: float
    processor_s: float


def rounds(address: str, pid: int, *, sessions: int, count: int) -> Iterator[Round]:
    """Open sessions on the front, and change ε in all of them, `count` times.

    Args:
        pid: the server's process.
    Raises:
        BortError: a page showed an error, or did not end.
    """
    server = psutil.Process(pid)
    with ExitStack() as stack:
        opened = [stack.enter_context(_session(address)) for _ in range(sessions)]
        for number in range(count):
            before = processor_s(server)
            epsilon = EPSILONS[number % len(EPSILONS)]
            for socket in opened:  # all ask before the first is answered
                _ask(socket, epsilon)
            for socket in opened:
                _answered(socket)
            spent = (processor_s(server) - before) / sessions
            yield Round(server.memory_info().rss / MIB, spent)


@contextmanager
def _session(address: str) -> Iterator[ClientConnection]:
    host = urlsplit(address).netloc
    with connect(
        f"ws://{host}/_stcore/stream",
        origin=Origin(f"http://{host}"),
        subprotocols=[Subprotocol("streamlit")],
        max_size=None,
    ) as socket:
        _ask(socket, EPSILONS[0])
        _answered(socket)
        yield socket


def _ask(socket: ClientConnection, epsilon: float) -> None:
    message = BackMsg()
    message.rerun_script.page_name = "pareto"
    message.rerun_script.query_string = urlencode({"epsilon": epsilon})
    socket.send(message.SerializeToString())


def _answered(socket: ClientConnection) -> None:
    """Read what the page sends until it has ended."""
    while True:
        content = socket.recv(PATIENCE_S)
        message = ForwardMsg.FromString(content if isinstance(content, bytes) else content.encode())
        kind = message.WhichOneof("type")
        if kind == "delta" and message.delta.new_element.WhichOneof("type") == "exception":
            raise BortError(f"a page failed: {message.delta.new_element.exception.message}")
        if kind == "script_finished":
            return
