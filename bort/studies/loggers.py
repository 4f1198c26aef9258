"""Send curves to TensorBoard, MLflow, Weights & Biases or Trackio.

Each is called through its own interface, and only if it is installed and requested. The store keeps
the same curves either way.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from bort.core.errors import MissingExtraError

FOLDER = "tensorboard"  # in a job's folder


class MetricLogger(Protocol):
    """A logger that receives the points of curves."""

    def scalar(self, name: str, step: int, value: float) -> None:
        """Log one point of the curve `name`."""
        ...

    def close(self) -> None:
        """Write everything that is still buffered."""
        ...


class TensorBoardLogger:
    """Writes event files to a folder: `tensorboard --logdir FOLDER` shows them."""

    def __init__(self, folder: Path, title: str, settings: Mapping[str, Any]) -> None:
        from torch.utils.tensorboard import SummaryWriter

        make: Any = SummaryWriter
        self._writer = make(str(folder))
        lines = "\n".join(f"    {name}: {value}" for name, value in settings.items())
        self._writer.add_text(title, lines)

    def scalar(self, name: str, step: int, value: float) -> None:
        """Log one point."""
        self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Write everything that is still buffered."""
        self._writer.close()


class MlflowLogger:
    """An MLflow run. MLflow reads its own settings (MLFLOW_TRACKING_URI, ...)."""

    def __init__(self, folder: Path, title: str, settings: Mapping[str, Any]) -> None:  # noqa: ARG002
        self._client: Any = import_module("mlflow")
        self._client.start_run(run_name=title)
        self._client.log_params({name: str(value)[:500] for name, value in settings.items()})

    def scalar(self, name: str, step: int, value: float) -> None:
        """Log one point."""
        self._client.log_metric(name, value, step=step)

    def close(self) -> None:
        """End the run."""
        self._client.end_run()


class WandbLogger:
    """A Weights & Biases run, which reads its own settings (WANDB_PROJECT, WANDB_MODE, ...)."""

    def __init__(self, folder: Path, title: str, settings: Mapping[str, Any]) -> None:
        wandb: Any = import_module("wandb")
        self._run: Any = wandb.init(name=title, config=dict(settings), dir=str(folder))
        self._steps: set[str] = set()

    def scalar(self, name: str, step: int, value: float) -> None:
        """Log one point. Each curve has its own step counter."""
        group = name.rsplit("/", 1)[0]
        if group not in self._steps:
            self._steps.add(group)
            self._run.define_metric(f"{group}/*", step_metric=f"{group}/step")
        self._run.log({name: value, f"{group}/step": step})

    def close(self) -> None:
        """End the run."""
        self._run.finish()


class TrackioLogger:
    """A Trackio run. Trackio keeps it on this machine, unless its own settings say otherwise."""

    def __init__(self, folder: Path, title: str, settings: Mapping[str, Any]) -> None:  # noqa: ARG002
        trackio: Any = import_module("trackio")
        config = {name: str(value) for name, value in settings.items()}
        self._run: Any = trackio.init(project="bort", name=title, config=config)

    def scalar(self, name: str, step: int, value: float) -> None:
        """Log one point."""
        self._run.log({name: value}, step=step)

    def close(self) -> None:
        """End the run."""
        self._run.finish()


_MAKERS: dict[str, Callable[[Path, str, Mapping[str, Any]], MetricLogger]] = {
    "tensorboard": TensorBoardLogger,
    "mlflow": MlflowLogger,
    "wandb": WandbLogger,
    "trackio": TrackioLogger,
}


def check_loggers(names: Sequence[str]) -> None:
    """Check that all of these loggers are installed.

    Raises:
        MissingExtraError: one is not.
    """
    for name in names:
        if find_spec(name) is None:
            raise MissingExtraError(
                f"--log {name} needs the package {name}, which is not installed; run: pip install "
                f"{name}"
            )


def default_loggers() -> tuple[str, ...]:
    """Return TensorBoard if it is installed."""
    return ("tensorboard",) if find_spec("tensorboard") else ()


class Loggers:
    """Several loggers at once. A logger that fails is dropped; it never stops a training.

    Args:
        names: of `LOGGERS`, in `bort.core.loggers`.
        settings: parameters to log with the run.
        on_failure: receives the name of a logger that failed, and its error.
    """

    def __init__(
        self,
        names: Sequence[str],
        folder: Path,
        title: str,
        settings: Mapping[str, Any],
        on_failure: Callable[[str, Exception], object],
    ) -> None:
        self._on_failure = on_failure
        self._open: dict[str, MetricLogger] = {}
        for name in names:
            try:
                self._open[name] = _MAKERS[name](folder / FOLDER, title, settings)
            except Exception as error:  # a remote service: down, not signed in, full
                self._give_up(name, error)

    def scalar(self, name: str, step: int, value: float) -> None:
        """Log one point of the curve `name` to all loggers."""
        for logger, target in list(self._open.items()):
            try:
                target.scalar(name, step, value)
            except Exception as error:
                self._give_up(logger, error)

    def close(self) -> None:
        """Write everything that is still buffered."""
        for target in self._open.values():
            with suppress(Exception):
                target.close()

    def _give_up(self, name: str, error: Exception) -> None:
        self._open.pop(name, None)
        self._on_failure(name, error)
