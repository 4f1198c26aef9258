"""ONNX Runtime on the CPU: the candidate exported, then optimised by the runtime itself."""

from bort.latency.protocol import Run
from bort.latency.runtimes.onnx_export import Exporter
from bort.latency.runtimes.onnx_session import open_session
from bort.latency.workload import Candidate, Workload


class OnnxRuntime:
    """Implements `bort.latency.workload.Runtime` for `variant` float32 or int8.

    Every candidate holds its own weights: sessions pack them in a layout of their own.
    """

    def __init__(self, workload: Workload, variant: str) -> None:
        self._exporter = Exporter(workload, variant)
        self._threads = workload.threads

    def prepare(self, candidate: Candidate) -> Run:
        """Export the candidate and load it; see `Runtime.prepare`.

        Raises:
            InvalidOptionError: not enough memory for one more.
        """
        content, passes = self._exporter.exported(candidate)
        session = open_session(content, self._threads)
        names = [given.name for given in session.get_inputs()]
        wanted = [{name: inputs[name] for name in names} for inputs in passes]

        def run() -> object:
            return [session.run(None, inputs) for inputs in wanted]

        return run

    def close(self) -> None:
        """Free the weights that exports started from; sessions go with their runs."""
        self._exporter.close()
