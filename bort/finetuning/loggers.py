"""Curves where people already look: TensorBoard, MLflow, Weights & Biases, behind one adapter.

Each is used through its own interface and only if it is installed and asked for. The store keeps
the same curves in any case.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from bort.core.errors import MissingExtraError

PACKAGES = {"tensorboard": "tensorboard", "mlflow": "mlflow", "wandb": "wandb"}
FOLDER = "tensorboard"  # in a job's folder


class MetricLogger(Protocol):
    """Somewhere that curves go."""

    def scalar(self, name: str, step: int, value: float) -> None:
        """One point of the curve `name`."""
        ...

    def close(self) -> None:
        """Write what is left."""
        ...


class TensorBoardLogger:
    """Event files in a folder: `tensorboard --logdir FOLDER`."""

    def __init__(self, folder: Path, title: str, settings: Mapping[str, Any]) -> None:
        from torch.utils.tensorboard import SummaryWriter

        make: Any = SummaryWriter
        self._writer = make(str(folder))
        lines = "\n".join(f"    {name}: {value}" for name, value in settings.items())
        self._writer.add_text(title, lines)

    def scalar(self, name: str, step: int, value: float) -> None:
        """One point."""
        self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()


class MlflowLogger:
    """A run of MLflow, where its own settings (MLFLOW_TRACKING_URI, ...) say."""

    def __init__(self, folder: Path, title: str, settings: Mapping[str, Any]) -> None:  # noqa: ARG002
        self._client: Any = import_module("mlflow")
        self._client.start_run(run_name=title)
        self._client.log_params({name: str(value)[:500] for name, value in settings.items()})

    def scalar(self, name: str, step: int, value: float) -> None:
        """One point."""
        self._client.log_metric(name, value, step=step)

    def close(self) -> None:
        """End the run."""
        self._client.end_run()


class WandbLogger:
    """A run of Weights & Biases, where its own settings (WANDB_PROJECT, WANDB_MODE, ...) say."""

    def __init__(self, folder: Path, title: str, settings: Mapping[str, Any]) -> None:
        wandb: Any = import_module("wandb")
        self._run: Any = wandb.init(name=title, config=dict(settings), dir=str(folder))
        self._steps: set[str] = set()

    def scalar(self, name: str, step: int, value: float) -> None:
        """One point; each curve counts its own steps."""
        group = name.rsplit("/", 1)[0]
        if group not in self._steps:
            self._steps.add(group)
            self._run.define_metric(f"{group}/*", step_metric=f"{group}/step")
        self._run.log({name: value, f"{group}/step": step})

    def close(self) -> None:
        """End the run."""
        self._run.finish()


_MAKERS: dict[str, Callable[[Path, str, Mapping[str, Any]], MetricLogger]] = {
    "tensorboard": TensorBoardLogger,
    "mlflow": MlflowLogger,
    "wandb": WandbLogger,
}


def check_loggers(names: Sequence[str]) -> None:
    """Pass if all are installed.

    Raises:
        MissingExtraError: one is not.
    """
    for name in names:
        if find_spec(PACKAGES[name]) is None:
            raise MissingExtraError(
                f"--log {name} needs the package {PACKAGES[name]}, not installed; "
                f"install it with: pip install {PACKAGES[name]}"
            )


def default_loggers() -> tuple[str, ...]:
    """TensorBoard where it is installed."""
    return ("tensorboard",) if find_spec("tensorboard") else ()


class Loggers:
    """Several at once. What fails to log is told once and never stops a training.

    Args:
        names: of `PACKAGES`.
        folder: of the job.
        title: of the run.
        settings: what the run was asked.
        on_trouble: hears one line when a logger gives up.
    """

    def __init__(
        self,
        names: Sequence[str],
        folder: Path,
        title: str,
        settings: Mapping[str, Any],
        on_trouble: Callable[[str], object],
    ) -> None:
        self._on_trouble = on_trouble
        self._open: dict[str, MetricLogger] = {}
        for name in names:
            try:
                self._open[name] = _MAKERS[name](folder / FOLDER, title, settings)
            except Exception as error:  # a foreign service: away, not signed in, full
                self._give_up(name, error)

    def scalar(self, name: str, step: int, value: float) -> None:
        """One point of the curve `name`, to all of them."""
        for logger, target in list(self._open.items()):
            try:
                target.scalar(name, step, value)
            except Exception as error:
                self._give_up(logger, error)

    def close(self) -> None:
        """Write what is left."""
        for target in self._open.values():
            with suppress(Exception):
                target.close()

    def _give_up(self, name: str, error: Exception) -> None:
        self._open.pop(name, None)
        first = next(iter(str(error).splitlines()), "")
        self._on_trouble(f"{name} logs no more ({type(error).__name__}: {first})")
