"""Run one stage of a training: steps, evaluations on dev, checkpoints, the best weights.

A stage that is killed and restarted ends with the same weights: it continues from the last
checkpoint with the same steps in the same order, and evaluations on dev repeat to the last bit.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from torch import Tensor

from bort.core.errors import StoreError, TrainingDivergedError
from bort.core.files import read_json, write_json_atomically
from bort.training.checkpoints import INDEX, Checkpoints, load_tensors, save_tensors
from bort.training.execution import ShouldStop, TrainingStoppedError, pause_unless
from bort.training.loop import Batches, Examples, Objective, TrainingSettings, adamw, train

CHECKPOINT_SECONDS = 20.0  # the most a killed process loses; saving takes less than a second
RESULT, FINAL, BEST = "stage.json", "final.safetensors", "best.safetensors"


class StageStep(NamedTuple):
    """A finished step: its number from 1, how many there are, its batch's loss, its learning rate,
    texts per second since this attempt began, and the dev error if it was just evaluated."""

    step: int
    steps: int
    loss: float
    learning_rate: float
    examples_per_second: float
    dev_error: float | None


class StageResult(NamedTuple):
    """A stage's result: steps and seconds of all attempts, the dev error of the kept weights, the
    step they come from, and the curve of (step, dev error)."""

    steps: int
    seconds: float
    dev_error: float
    chosen_step: int
    curve: list[tuple[int, float]]


@dataclass(frozen=True)
class StageTraining:
    """A stage, ready to run.

    Attributes:
        folder: where its checkpoints are saved.
        model: trained in place.
        objective: what to minimise; None is the cross-entropy with the targets.
        dev_error: evaluates the model on dev.
        evaluations: how often to evaluate on dev, evenly spaced.
        patience: stop after this many evaluations without improvement; None never stops early.
        keep: which weights the stage ends with.
        batches: chooses the texts of each step; None reads all in a random order, again and again.
        should_stop: called at every step.
        clock: monotonic seconds.
    """

    name: str
    folder: Path
    model: Any
    examples: Examples
    settings: TrainingSettings
    objective: Objective | None
    dev_error: Callable[[], float]
    evaluations: int
    patience: int | None = None
    keep: Literal["best", "last"] = "best"
    batches: Batches | None = None
    should_stop: ShouldStop | None = None
    clock: Callable[[], float] = field(default=time.monotonic)


def stage_result(folder: Path) -> StageResult | None:
    """Read the result of the stage in `folder`; None until it is finished."""
    found = read_json(folder / RESULT)
    if found is None:
        return None
    fields = {name: found["result"][name] for name in StageResult._fields}
    return StageResult(**{**fields, "curve": [(int(s), float(e)) for s, e in fields["curve"]]})


def result_of(folder: Path) -> StageResult:
    """Read the result of the finished stage in `folder`.

    Raises:
        StoreError: it is not finished.
    """
    found = stage_result(folder)
    if found is None:
        raise StoreError(f"{folder} contains no finished stage; resume the job")
    return found


def stage_weights(folder: Path) -> dict[str, Tensor] | None:
    """Read the final weights of the stage in `folder`; None if it is unfinished or damaged."""
    found = read_json(folder / RESULT)
    return None if found is None else load_tensors(folder / FINAL, found["sha256"])


def stage_files(folder: Path) -> list[Path]:
    """List the files of a finished stage. The last is its result, which makes it finished."""
    others = [path for path in folder.iterdir() if path.is_file() and path.name[0] != "."]
    return [*sorted(path for path in others if path.name not in (INDEX, RESULT)), folder / RESULT]


def run_stage(stage: StageTraining) -> Iterator[StageStep]:
    """Train from where the stage stopped until it is finished; yields every step.

    The model ends with the weights that the stage keeps, even if the stage was finished before.

    Raises:
        TrainingDivergedError: a loss is not finite; the last good checkpoint is kept.
        TrainingStoppedError: `should_stop` returned True; a checkpoint was written.
        StoreError: a checkpoint cannot be written.
    """
    weights = stage_weights(stage.folder)
    if weights is None:
        yield from _Run(stage).steps()
    else:
        stage.model.load_state_dict(weights)


class _Run:
    """One attempt at a stage."""

    def __init__(self, stage: StageTraining) -> None:
        self.stage = stage
        settings = stage.settings
        self.optimiser = adamw(
            stage.model, learning_rate=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.checkpoints = Checkpoints(stage.folder)
        self.state: dict[str, Any] = self.checkpoints.load(stage.model, self.optimiser) or {
            "step": 0,
            "seconds": 0.0,
            "curve": [],
            "best": None,
        }
        self.every = max(1, math.ceil(settings.steps / stage.evaluations))
        self.begun = self.saved = stage.clock()
        self.seconds_before = float(self.state["seconds"])
        self.examples = 0

    def steps(self) -> Iterator[StageStep]:
        stage, settings = self.stage, self.stage.settings
        if stage.keep == "best" and not self.state["curve"]:
            self._evaluate()  # a stage never ends with worse weights than it began with
        if self._is_out_of_patience():  # the run before was interrupted just then
            self._finish()
            return
        for step in train(
            stage.model,
            stage.examples,
            settings,
            objective=stage.objective,
            optimiser=self.optimiser,
            batches=stage.batches,
            done=self.state["step"],
            pause=pause_unless(stage.should_stop),
        ):
            self._check(step.step, step.loss)
            self.state["step"] = step.step
            self.examples += step.examples
            error = self._evaluate() if self._is_evaluated(step.step) else None
            self._save_now_and_then()
            elapsed = max(stage.clock() - self.begun, 1e-9)
            rate = settings.learning_rate_at(step.step - 1)
            yield StageStep(
                step.step, settings.steps, step.loss, rate, self.examples / elapsed, error
            )
            if self._is_out_of_patience():
                break
        self._finish()

    def _check(self, step: int, loss: float) -> None:
        if math.isfinite(loss):
            return
        saved = self.checkpoints.progress()
        kept = (
            f"the checkpoint of step {saved['step']} is kept"
            if saved
            else "no checkpoint has been kept yet"
        )
        raise TrainingDivergedError(
            f"the loss became {loss} at step {step} of {self.stage.name} (learning rate "
            f"{self.stage.settings.learning_rate:g}); {kept}; try a lower learning rate"
        )

    def _is_evaluated(self, step: int) -> bool:
        return step % self.every == 0 or step == self.stage.settings.steps

    def _evaluate(self) -> float:
        error = self.stage.dev_error()
        self.state["curve"].append([self.state["step"], error])
        best = self.state["best"]
        if self.stage.keep == "best" and (best is None or error <= best["dev_error"]):
            digest = save_tensors(self.stage.folder / BEST, self.stage.model.state_dict())
            since = self.state["step"]
            if best is not None and error == best["dev_error"]:
                since = best["since"]  # an equal error does not reset the patience
            self.state["best"] = {
                "dev_error": error,
                "step": self.state["step"],
                "since": since,
                "sha256": digest,
            }
        return error

    def _is_out_of_patience(self) -> bool:
        best, patience = self.state["best"], self.stage.patience
        if best is None or patience is None:
            return False
        in_vain = [step for step, _ in self.state["curve"] if step > best["since"]]
        return len(in_vain) >= patience

    def _save_now_and_then(self) -> None:
        is_stopped = self.stage.should_stop is not None and self.stage.should_stop()
        if is_stopped or self.stage.clock() - self.saved >= CHECKPOINT_SECONDS:
            self._count_seconds()
            self.checkpoints.save(self.stage.model, self.optimiser, self.state)
            self.saved = self.stage.clock()
        if is_stopped:
            raise TrainingStoppedError(
                f"{self.stage.name} was stopped at step {self.state['step']}; resume it"
            )

    def _count_seconds(self) -> None:
        self.state["seconds"] = self.seconds_before + self.stage.clock() - self.begun

    def _finish(self) -> None:
        """Choose the weights, write them and the result, and delete the checkpoints."""
        folder, model, best = self.stage.folder, self.stage.model, self.state["best"]
        self._count_seconds()
        if best is not None:
            tensors = load_tensors(folder / BEST, best["sha256"])
            assert tensors is not None, "this run wrote it, or it is older than the checkpoint"
            model.load_state_dict(tensors)
        chosen = best or {"dev_error": self.state["curve"][-1][1], "step": self.state["step"]}
        result = StageResult(
            steps=self.state["step"],
            seconds=self.state["seconds"],
            dev_error=chosen["dev_error"],
            chosen_step=chosen["step"],
            curve=[(step, error) for step, error in self.state["curve"]],
        )
        digest = save_tensors(folder / FINAL, model.state_dict())
        content: Mapping[str, Any] = {"result": result._asdict(), "sha256": digest}
        write_json_atomically(folder / RESULT, content)
        for old in [*folder.glob("step-*.safetensors"), folder / BEST]:
            old.unlink(missing_ok=True)
