"""Sessions of ONNX Runtime that leave the CPU alone between their runs."""

from typing import Any

from bort.core.errors import MissingExtraError


def open_session(model: bytes | str, threads: int) -> Any:
    """Open a session on the CPU.

    Its threads spin while they wait for work within a run, as they do by default, and stop at the
    end of the run. By default they go on for a while, which is good for the one session of a
    service and takes a core away from the next of many that take turns (docs/latency.md).

    Args:
        model: an ONNX file's content or path.
        threads: CPU threads of one run.
    Raises:
        MissingExtraError: the runtime is not installed.
    """
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError(
            "reading ONNX needs onnxruntime, not installed; install with: pip install 'bort[onnx]'"
        ) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
