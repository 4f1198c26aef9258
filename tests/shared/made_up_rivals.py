"""A made-up comparison with other people's classifiers, and the job that found it."""

from dataclasses import replace

from bort.core.rivals import Compared, Comparison, PerText, RivalKind, RivalsSpec, Verdict
from bort.core.serialise import to_json
from bort.core.study import TaskSpec
from bort.jobs.runtime.process import this_process
from bort.storage import JobRecord, JobState, Store


def compared(
    name: str,
    accuracy: float,
    size_bytes: int,
    single_ms: float,
    *,
    runtime: str | None = None,
    **verdicts: Verdict,
) -> Compared:
    """Make a row; `b1` and `b32` are its verdicts by batch size."""
    return Compared(
        name=name,
        runtime=runtime,
        dev_accuracy=accuracy + 0.01,
        accuracy=accuracy,
        low=accuracy - 0.02,
        high=accuracy + 0.02,
        macro_f1=accuracy - 0.005,
        size_bytes=size_bytes,
        memory_bytes=60_000_000,
        seconds=None if runtime else 12.0,
        latency={
            batch: PerText(median_ms=ms, low_ms=0.95 * ms, high_ms=1.05 * ms)
            for batch, ms in (("1", single_ms), ("32", single_ms / 2))
        },
        verdicts={batch.removeprefix("b"): verdict for batch, verdict in verdicts.items()},
    )


BEATEN, SURVIVES, BEATS_US = Verdict.BEATEN, Verdict.SURVIVES, Verdict.BEATS_US
COMPARISON = Comparison(
    task="movie-reviews",
    labelled=7397,
    texts=1585,
    rows=(
        compared("good", 0.78, 900_000, 0.05, runtime="onnx-int8"),
        compared(RivalKind.TFIDF, 0.74, 4_000_000, 0.11, b1=BEATEN, b32=BEATEN),
        compared(RivalKind.FASTTEXT, 0.77, 700_000, 0.02, b1=BEATS_US, b32=SURVIVES),
        compared(RivalKind.SOURCE_INT8, 0.84, 23_400_000, 4.1, b1=SURVIVES, b32=SURVIVES),
    ),
    noise_ok=True,
    machine={},
    digest="d" * 64,
)


def add_comparison(
    store: Store, task: TaskSpec, *, state: JobState = JobState.DONE, **changes: object
) -> JobRecord:
    """Store a job that has found the comparison, with changes."""
    spec = RivalsSpec(task=task, kinds=tuple(RivalKind), models=("good",))
    job = store.create_job("rivals", spec.to_dict())
    store.claim_job(job.id, job.attempt, this_process())
    if not state.is_active:
        store.finish_job(job.id, 1, state, result=to_json(replace(COMPARISON, **changes)))
    return store.job(job.id)
