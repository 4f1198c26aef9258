"""OpenVINO on the CPU: models are exported to ONNX, then compiled."""

from bort.latency.protocol import Run
from bort.latency.runtimes.exporting import Exporter
from bort.latency.workload import Blueprint, Workload


class OpenVinoRuntime:
    """Implements `bort.latency.workload.Runtime` for `variant` float32.

    OpenVINO may compute in bfloat16 if the CPU has instructions for it. Here it must not, so that
    the runtime's name says what was measured.
    """

    def __init__(self, workload: Workload, variant: str) -> None:
        import openvino  # an optional extra

        self._exporter = Exporter(workload, variant)
        self._core = openvino.Core()
        self._options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": workload.threads,
            "INFERENCE_PRECISION_HINT": "f32",
        }

    def prepare(self, blueprint: Blueprint) -> Run:
        """Export the model and compile it; see `Runtime.prepare`.

        Raises:
            InvalidOptionError: there is not enough memory for one more.
        """
        content, passes = self._exporter.exported(blueprint)
        model = self._core.read_model(model=content)
        request = self._core.compile_model(model, "CPU", self._options).create_infer_request()
        names = [given.any_name for given in model.inputs]
        wanted = [{name: inputs[name] for name in names} for inputs in passes]

        def run() -> object:
            return [request.infer(inputs) for inputs in wanted]

        return run

    def close(self) -> None:
        """Free the weights that exports started from."""
        self._exporter.close()
