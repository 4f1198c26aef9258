"""The curves of a fine-tuning and the names under which the store keeps them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LOSS, DEV_ERROR = "loss", "dev_error"
LEARNING_RATE, SPEED = "learning_rate", "examples_per_second"


@dataclass(frozen=True, slots=True)
class Curve:
    """One quantity of one stage of a training.

    Attributes:
        task: the task it was trained on.
        architecture_id: what was trained.
        stage: "distil", "finetune", "agora1", ..., "plain".
        seed: of the first weights and the order of the texts.
        learning_rate: the peak learning rate, rounded to three digits.
        quantity: `LOSS`, `DEV_ERROR`, `LEARNING_RATE` or `SPEED`.
        points: pairs of step and value, by step.
    """

    task: str
    architecture_id: str
    stage: str
    seed: int
    learning_rate: float
    quantity: str
    points: tuple[tuple[int, float], ...] = ()


def stage_name(architecture_id: str, stage: str, *, seed: int, learning_rate: float) -> str:
    """Name a stage of a training; the name is unique in a task and part of folders and curves.

    Examples:
        >>> stage_name("2-4", "distil", seed=0, learning_rate=0.001)
        '2-4/distil-seed0-lr0.001'
    """
    return f"{architecture_id}/{stage}-seed{seed}-lr{learning_rate:.3g}"


def curves_of(metrics: Mapping[str, Sequence[tuple[int, float | None]]]) -> list[Curve]:
    """Read the stored series of a fine-tuning job; skips series with other names.

    Args:
        metrics: by name, `TASK/` and `stage_name` and `/QUANTITY`.
    Examples:
        >>> (curve,) = curves_of({"reviews/2-4/distil-seed0-lr0.001/loss": [(1, 0.5)]})
        >>> curve.stage, curve.seed, curve.learning_rate
        ('distil', 0, 0.001)
    """
    found = (_curve(name, series) for name, series in metrics.items())
    return [curve for curve in found if curve is not None]


def _curve(name: str, series: Sequence[tuple[int, float | None]]) -> Curve | None:
    parts = name.rsplit("/", 3)
    stage, _, rest = parts[-2].partition("-seed") if len(parts) == 4 else ("", "", "")
    seed, _, rate = rest.partition("-lr")
    points = tuple((step, value) for step, value in series if value is not None)
    try:
        return Curve(parts[0], parts[1], stage, int(seed), float(rate), parts[-1], points)
    except (ValueError, IndexError):
        return None
