"""`bort bench realised`: is the order after a short training that of the finished models?"""

import hashlib
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bort.cli import options
from bort.core.fields import Description, Part, ask, read
from bort.core.kinds import Number, Several, Text, Whole
from bort.core.progress import Progress, Stage
from bort.core.study import TrainingSpec
from bort.studies.parts import TASK

if TYPE_CHECKING:
    from benchmarks.realised.recording import Step
    from bort.core.finetune import FineTuneSpec
    from bort.core.progress import OnStep
    from bort.families import SearchSpace

COUNT = 12  # architectures


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Description):
    """What is trained, and how often."""

    architectures: tuple[str, ...] = ask(
        (),
        Several(Text("ID"), "ids of architectures, separated by commas"),
        "Architectures",
        "Architectures to train, by id.",
        empty=f"{COUNT} that cover the space evenly",
    )
    epochs: tuple[float, ...] = ask(
        (0.5, 1.0, 2.0, 4.0),
        Several(
            Number(0, 1000, is_open=True, metavar="E"),
            "numbers above 0, separated by commas",
            least=1,
        ),
        "Epochs",
        "Lengths of the short trainings, in passes over the training texts. A search's usual "
        "number of steps is always added.",
        example="0.5,1,2,4",
    )
    seeds: int = ask(3, Whole(), "Seeds", "Trainings per architecture and length.")


ASKED = Part(Asked, "Trainings")
TRAINING = Part(
    TrainingSpec,
    "Training",
    only=("initialise", "source", "teacher", "device", "threads"),
    changes={"threads": {"default": 1}},
)


@click.command(cls=options.Command)
@options.space
@options.asks(TASK, ASKED, TRAINING)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.csv",
    help="The log of trainings; the page and its picture go next to it, as FILE.md and FILE.svg "
    "[default: docs/bench/realised-TASK.csv].",
)
@click.option("--report-only", is_flag=True, help="Write the page from the log without training.")
@options.as_json
def realised(space: str, out: Path | None, report_only: bool, as_json: bool, **given: Any) -> None:
    """Train architectures briefly, as a search does, and to the end, as `bort finetune` does.

    Is the order of architectures after a short training that of the finished models? One row is
    appended to the log as each training ends. If you stop the command at any moment and start it
    again, it continues where it stopped. A finished model continues from its last checkpoint.

    \b
    Examples:
      bort bench realised
      bort bench realised --task tweets --seeds 1 --epochs 1,4
      bort bench realised --space minilm --architectures 1-2-96-192,6-12-384-1536
      bort bench realised --task tweets --report-only
    """
    from benchmarks.realised import report
    from benchmarks.realised.findings import find
    from benchmarks.realised.recording import read_log
    from bort.core.serialise import to_json
    from bort.families import load_space

    values = read(given, TASK, ASKED, TRAINING)
    asked = ASKED.build(values)
    searched = load_space(space)
    spec = _spec(searched, TRAINING.build(values), TASK.build(values))
    path = out or Path("docs/bench") / f"realised-{Path(spec.tasks[0].task).stem}.csv"
    if not report_only:
        _record(asked, searched, spec, path)
    found = find(read_log(path))
    page = report.write(path, found)
    if as_json:
        options.print_json({"log": str(path), "page": str(page), **to_json(found)})
    else:
        click.echo(f"{report.markdown(found)}\n\n{page}")


def _spec(space: "SearchSpace", training: TrainingSpec, task: Any) -> "FineTuneSpec":
    """Describe the usual fine-tuning of one student."""
    from bort.core.finetune import FineTuneSpec
    from bort.core.study import LatencySpec

    return FineTuneSpec(
        study="realised",
        picks=(),
        tasks=(task,),
        training=training,
        latency=LatencySpec(),
        space=space.to_dict(),
        compare=False,
    )


def _record(asked: Asked, space: "SearchSpace", spec: "FineTuneSpec", path: Path) -> None:
    """Train what the log does not have yet."""
    from benchmarks.realised.recording import RealisedLog, budgets, record, spread
    from benchmarks.realised.training import Trainers
    from bort.core.paths import cache
    from bort.report.job_terminal import progress
    from bort.tasks import load_task
    from bort.training.fit import candidate_steps

    chosen = [space.named(name) for name in dict.fromkeys(asked.architectures)]
    chosen = chosen or spread(space, COUNT)
    work = cache() / "realised" / hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:32]
    with progress("Recording") as show:
        listener = _Listener(show)
        task = load_task(spec.tasks[0])
        spec = replace(spec, picks=tuple(architecture.id for architecture in chosen))
        trainers = Trainers(task, spec, work=work, on_step=listener.part)
        conditions = trainers.of_seed(0).conditions()
        log = RealisedLog(path, conditions)
        wanted = budgets(
            asked.epochs,
            usual=spec.training.steps or candidate_steps(len(task.train), len(task.class_names)),
            texts=conditions.train_texts,
            batch_size=conditions.batch_size,
        )
        for step in record(space, chosen, range(asked.seeds), wanted, log, trainers.of_seed):
            listener.begin(step)
    shutil.rmtree(work, ignore_errors=True)


class _Listener:
    """Shows the progress of the current training within the whole recording."""

    def __init__(self, show: "OnStep") -> None:
        self._show, self._whole = show, Progress()

    def begin(self, step: "Step") -> None:
        """Show that a training begins."""
        self._whole = Progress(
            step.done,
            step.total,
            Stage.TRAINING_CANDIDATES,
            step.architecture.id,
            step.seconds_left,
            {"seed": step.seed},
        )
        self._show(self._whole)

    def part(self, step: Progress) -> None:
        """Show a step of the current training."""
        whole = self._whole if self._whole.total else Progress()
        self._show(replace(step.within(whole), eta_s=whole.eta_s))
