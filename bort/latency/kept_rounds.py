"""The complete rounds of a measurement, kept in a file, so that a killed one continues."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bort.core.errors import StoreError
from bort.core.files import make_folder
from bort.latency.protocol import FloatArray


class KeptRounds:
    """A file of rounds. It belongs to one list of models; a file of others is begun again.

    Each record has a fixed length, so an unfinished last one is seen and dropped.

    Attributes:
        seconds: uncorrected times of earlier attempts, each of shape (models, timed_runs).
        others_share: the largest share of the CPU that others took meanwhile.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seconds: tuple[FloatArray, ...] = ()
        self.others_share = 0.0
        self._head = b""

    def open(self, what: Sequence[object], models: int) -> None:
        """Read the rounds of a measurement of these models, if there are any.

        Args:
            what: everything that must agree: models, runtime, workload.
        """
        self._head = hashlib.sha256(repr(list(what)).encode()).digest()
        try:
            content = self.path.read_bytes()
        except OSError:
            return
        head = len(self._head) + 1
        if not content.startswith(self._head) or len(content) < head:
            self.path.unlink(missing_ok=True)
            return
        timed_runs = content[head - 1]
        size = 1 + models * timed_runs
        whole = (len(content) - head) // (8 * size)
        with self.path.open("r+b") as file:
            file.truncate(head + 8 * size * whole)
        records = np.frombuffer(content, offset=head, count=size * whole).reshape(whole, size)
        self.seconds = tuple(records[:, 1:].reshape(whole, models, timed_runs))
        self.others_share = float(records[:, 0].max(initial=0.0))

    def add(self, seconds: FloatArray, others_share: float) -> None:
        """Append a round, shape (models, timed_runs).

        Raises:
            StoreError: it cannot be written.
        """
        try:
            make_folder(self.path.parent)
            with self.path.open("ab") as file:
                if not file.tell():
                    file.write(self._head + bytes([seconds.shape[1]]))
                file.write(np.concatenate([[others_share], seconds.ravel()]).tobytes())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StoreError(
                f"{self.path} cannot be written ({error.strerror or error}); free some space"
            ) from error
