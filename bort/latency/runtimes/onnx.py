"""ONNX Runtime on the CPU: models are exported, then optimised by the runtime itself."""

from typing import Any

from bort.core.errors import MissingExtraError
from bort.core.telemetry import send_nothing
from bort.latency.protocol import Run
from bort.latency.workload import Blueprint, Workload


class OnnxRuntime:
    """Implements `bort.latency.workload.Runtime` for `variant` float32 or int8.

    Each model has its own weights, because sessions pack them in their own layout.
    """

    def __init__(self, workload: Workload, variant: str) -> None:
        from bort.latency.runtimes.exporting import Exporter  # torch; reading ONNX needs none

        self._exporter = Exporter(workload, variant)
        self._threads = workload.threads

    def prepare(self, blueprint: Blueprint) -> Run:
        """Export the model and load it; see `Runtime.prepare`.

        Raises:
            InvalidOptionError: there is not enough memory for one more.
        """
        content, passes = self._exporter.exported(blueprint)
        session = open_session(content, self._threads)
        names = [given.name for given in session.get_inputs()]
        wanted = [{name: inputs[name] for name in names} for inputs in passes]

        def run() -> object:
            return [session.run(None, inputs) for inputs in wanted]

        return run

    def close(self) -> None:
        """Free the weights that exports started from. Sessions are freed with their runs."""
        self._exporter.close()


def open_session(model: bytes | str, threads: int) -> Any:
    """Open a session on the CPU.

    While its threads wait for work within a run, they spin. Here they stop at the end of the run.
    By default they go on for a while, which helps a service with one session, but here would take a
    core from the next of many sessions that take turns (docs/latency.md).

    Args:
        model: an ONNX file's content or path.
        threads: CPU threads of one run.
    Raises:
        MissingExtraError: the runtime is not installed.
    """
    send_nothing()
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError(
            "reading ONNX needs onnxruntime, which is not installed; install it with: pip "
            "install 'bort[onnx]'"
        ) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
