"""The inference engines for latency measurements: their names, and how to open one.

Importing this imports none of them.
"""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from bort.core.errors import InvalidOptionError, MissingExtraError
from bort.latency.workload import Runtime, Workload


@dataclass(frozen=True, slots=True)
class RuntimeKind:
    """A runtime that bort can use, if it is installed.

    Attributes:
        name: its name for `--runtime`.
        title: its name for display.
        extra: the optional extra of this package that installs it.
        libraries: distributions whose versions decide its latency.
        modules: the modules that must be importable.
        factory: `module:class`, called with the workload and `variant`.
        variant: number format.
    """

    name: str
    title: str
    extra: str
    libraries: tuple[str, ...]
    modules: tuple[str, ...]
    factory: str
    variant: str

    @property
    def missing(self) -> tuple[str, ...]:
        """The modules that are not installed."""
        return tuple(module for module in self.modules if find_spec(module) is None)

    @property
    def extras(self) -> str:
        """The extras that bring its modules, separated by commas."""
        return self.extra if self.extra == "train" else f"train,{self.extra}"

    def check_installed(self) -> None:
        """Check that the runtime is installed.

        Raises:
            MissingExtraError: it is not; the message names the extra.
        """
        if self.missing:
            raise MissingExtraError(
                f"runtime {self.name!r} needs {', '.join(self.missing)}, which is not "
                f"installed; install it with: pip install 'bort[{self.extras}]'"
            )


def _torch(variant: str, title: str) -> RuntimeKind:
    return RuntimeKind(
        name=f"torch-{variant}",
        title=title,
        extra="train",
        libraries=("torch", "transformers"),
        modules=("torch", "transformers"),
        factory="bort.latency.runtimes.pytorch:TorchRuntime",
        variant=variant,
    )


def _onnx(variant: str, title: str) -> RuntimeKind:
    return RuntimeKind(
        name=f"onnx-{variant}",
        title=title,
        extra="onnx",
        libraries=("onnxruntime", "torch", "transformers"),
        modules=("torch", "transformers", "onnx", "onnxscript", "onnxruntime"),
        factory="bort.latency.runtimes.onnx:OnnxRuntime",
        variant=variant,
    )


_KINDS = {
    kind.name: kind
    for kind in (
        _torch("float32", "PyTorch, eager, float32"),
        _torch("bfloat16", "PyTorch, eager, bfloat16"),
        _torch("int8", "PyTorch, eager, linear layers quantised dynamically to int8"),
        _onnx("float32", "ONNX Runtime, float32"),
        _onnx("int8", "ONNX Runtime, quantised dynamically to int8"),
        RuntimeKind(
            name="openvino-float32",
            title="OpenVINO, float32",
            extra="openvino",
            libraries=("openvino", "torch", "transformers"),
            modules=("torch", "transformers", "onnx", "onnxscript", "openvino"),
            factory="bort.latency.runtimes.openvino:OpenVinoRuntime",
            variant="float32",
        ),
    )
}

RUNTIME_NAMES: tuple[str, ...] = tuple(_KINDS)


def runtime_kind(name: str) -> RuntimeKind:
    """Find the runtime of this name, whether installed or not.

    Raises:
        InvalidOptionError: there is none.
    """
    if name not in _KINDS:
        raise InvalidOptionError(
            f"unknown runtime {name!r}; choose one of {', '.join(RUNTIME_NAMES)}"
        )
    return _KINDS[name]


def open_runtime(name: str, workload: Workload) -> Runtime:
    """Set up a runtime; the caller closes it.

    Raises:
        InvalidOptionError: unknown name.
        MissingExtraError: not installed.
    """
    kind = runtime_kind(name)
    kind.check_installed()
    module, attribute = kind.factory.split(":")
    runtime: Runtime = getattr(import_module(module), attribute)(workload, kind.variant)
    return runtime
