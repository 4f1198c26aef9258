"""Fine-tune a run's student on its labelled texts and on what Agora accepted."""

from bort.agora.loop import Value
from bort.agora.loop.history import added_points
from bort.agora.text.data import load_texts
from bort.core.agora import TorusSpec
from bort.core.errors import InvalidOptionError
from bort.core.finetune import FineTuneSpec
from bort.core.study import LatencySpec
from bort.studies.agora import StoredRun
from bort.studies.loggers import default_loggers
from bort.studies.same_texts import check_unchanged
from bort.tasks import Split
from bort.tasks.given import keep_texts

TRAIN, DEV, AUDIT = "train", "dev", "audit"
Row = tuple[tuple[str, ...], str, str]
"""The texts, the label, the split."""


def accepted_count(run: StoredRun) -> int:
    """Count the points that a run's training set has gained."""
    return len(added_points(run.rounds))


def describe_accepted(run: StoredRun, *, seeds: int = 1) -> FineTuneSpec:
    """Describe the fine-tuning of a run's student on what the run accepted.

    The texts are kept in a file of this machine's home, with the splits of the run: the labelled
    training texts and the accepted ones, dev, and audit, which no choice has seen.

    Raises:
        InvalidOptionError: the run is on the torus, or has accepted nothing.
        BortError: its task cannot be read any more, or the file cannot be written.
    """
    spec = run.spec
    if isinstance(spec, TorusSpec):
        raise InvalidOptionError(
            "a run on the torus has no texts to fine-tune on; choose a run on texts"
        )
    run.check_texts()
    points = added_points(run.rounds)
    if not points:
        raise InvalidOptionError("this run has accepted no point yet; wait for its first round")
    task = load_texts(spec)
    check_unchanged(run.job.folder, task.digest, begun="the run", again="bort agora run")
    names = task.class_names
    rows = [
        *_rows(task.train, names, TRAIN),
        *((_texts(p.value), names[p.label], TRAIN) for p in points if p.label is not None),
        *_rows(task.dev, names, DEV),
        *_rows(task.audit, names, AUDIT),
    ]
    kept = keep_texts(
        list(zip(*(texts for texts, _, _ in rows), strict=True)),
        [label for _, label, _ in rows],
        splits=[split for _, _, split in rows],
    )
    return FineTuneSpec(
        study=spec.study,
        picks=(spec.architecture,),
        tasks=(kept,),
        training=spec.training,
        latency=LatencySpec(),
        space=spec.space,
        seeds=seeds,
        loggers=default_loggers(),
        dev_is_seen=True,
    )


def _rows(split: Split, names: tuple[str, ...], part: str) -> list[Row]:
    pairs = split.pairs
    texts = ((t,) for t in split.texts) if pairs is None else zip(split.texts, pairs, strict=True)
    return [(row, names[label], part) for row, label in zip(texts, split.labels, strict=True)]


def _texts(value: Value) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(map(str, value))
