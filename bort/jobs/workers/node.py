"""A worker's place on a node of a Ray cluster. Ray moves this class by its name only."""

import contextlib
import hashlib
import json
import os
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path

from bort.core.files import make_folder, whole_file, write_atomically
from bort.core.paths import cache
from bort.core.scratch import scratch
from bort.jobs.workers.local import Conversation

LOG = "bort-worker.log"  # in the node's cache


class Node:
    """An actor that runs a worker's process on its node, and passes messages on.

    Only texts in JSON and the bytes of files come and go: Ray pickles them, and whoever unpickles
    a text or bytes runs no code of a stranger.

    Args:
        arguments: for Python, which runs the worker's process.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        self._arguments = arguments
        self._process: Conversation | None = None
        self._kept = contextlib.ExitStack()  # the folder of the last training
        self._folder = Path()

    def missing(self, manifest: str) -> str:
        """List the SHA-256 of a kit's files that this node has not got; both texts are JSON."""
        return json.dumps(
            [one for one in json.loads(manifest).values() if not _place(one).exists()]
        )

    def keep(self, sha256: str, content: bytes) -> None:
        """Keep a file of a kit under its SHA-256."""
        if hashlib.sha256(content).hexdigest() == sha256:
            write_atomically(_place(sha256), content)

    def begin(self, brief: str, manifest: str) -> str:
        """Start the process with its brief, and a kit if it needs one; return what it answers.

        An empty answer means that the process ended.
        """
        if os.environ.get("RAY_AUTH_MODE") != "token":
            line = f"the Ray node {platform.node()} was started without RAY_AUTH_MODE=token"
            return json.dumps({"refused": line})
        more = {"kit": str(_kit(manifest))} if manifest != "{}" else {}
        make_folder(cache())
        self._process = Conversation(self._arguments, cache() / LOG)
        return self._ask({**json.loads(brief), **more})

    def train(self, message: str, manifest: str) -> str:
        """Pass on a training, and return its first answer; see `begin`.

        Args:
            manifest: the files that a stage begins with.
        """
        asked = json.loads(message)
        if "folder" in asked:
            self._kept.close()
            self._folder = self._kept.enter_context(scratch(cache(), "training"))
            begins = None if manifest == "{}" else str(_kit(manifest))
            asked |= {"folder": str(self._folder), "begins_with": begins}
        return self._ask(asked)

    def hear(self) -> str:
        """Return the next answer to a training that tells its steps."""
        return self._ask(None)

    def file(self, name: str) -> bytes:
        """Return a file of the last training."""
        return (self._folder / name).read_bytes()

    def _ask(self, message: dict[str, object] | None) -> str:
        assert self._process is not None
        try:
            if message is not None:
                self._process.say(message)
            return json.dumps(self._process.hear())
        except EOFError:
            return ""


def _place(sha256: str) -> Path:
    return cache() / "shipped" / sha256


def _kit(manifest: str) -> Path:
    """Lay out the files of a kit in a folder that is named after all of them."""
    folder = cache() / "kits" / hashlib.sha256(manifest.encode()).hexdigest()[:32]
    for name, sha256 in json.loads(manifest).items():
        if not (folder / name).exists():
            with whole_file(folder / name) as part:
                shutil.copyfile(_place(sha256), part)
    return folder
