"""The newest comparison with rivals of a study's task, and where its numbers can be drawn."""

from contextlib import suppress
from dataclasses import dataclass

from bort.core.errors import BortError
from bort.core.machine import Fingerprint
from bort.core.rivals import Compared, Comparison, RivalsSpec
from bort.core.serialise import from_json
from bort.core.size import SizeUnit
from bort.core.study import TaskSpec
from bort.storage import JobState, Store

KIND = "rivals"  # the kind of job that compares
_MACHINE = ("cpu", "cpu_details", "cores", "logical_cpus", "memory_gib", "os", "threads")


def newest_comparison(store: Store, task: TaskSpec, digest: str | None = None) -> Comparison | None:
    """Read the newest finished comparison of a task and its split; None if there is none.

    Args:
        digest: SHA-256 of the texts and labels that it must be about; None if nobody knows.
    """
    for job in store.jobs(kind=KIND, states=[JobState.DONE]):
        with suppress(BortError):  # one that cannot be read is as good as none
            if RivalsSpec.from_dict(job.spec).task != task or not job.result:
                continue
            found = from_json(Comparison, job.result, what=f"the result of job {job.id}")
            if None in (digest, found.digest) or digest == found.digest:
                return found
    return None


@dataclass(frozen=True, slots=True)
class SharedAxes:
    """The axes of a study's charts on which rivals can be drawn beside its points.

    The dev error always: the texts are the same. The size, if the study counts bytes: both are
    files with the tokenizer. The latency, if the study's is that from text to label of 1 or 32
    texts, on the same machine and as many threads; it comes from other rounds all the same.

    Attributes:
        has_size: whether sizes can be compared.
        texts: texts per pass of the study, if latencies can be compared; else None.
    """

    has_size: bool
    texts: int | None

    def values(self, row: Compared) -> tuple[float | None, float | None, float]:
        """Compute size (millions of bytes), latency (ms per pass) and dev error (%) of a row."""
        return (
            row.size_bytes / 1e6 if self.has_size else None,
            None if self.texts is None else self.texts * row.latency[str(self.texts)].median_ms,
            100 * (1 - row.dev_accuracy),
        )


def shared_axes(
    found: Comparison,
    *,
    unit: SizeUnit,
    is_text_to_label: bool,
    texts: int,
    machine: Fingerprint | None,
) -> SharedAxes:
    """Decide which axes are shared.

    Args:
        unit: what size is on the charts.
        is_text_to_label, texts, machine: of the charts' latency; `texts` per pass.
    """
    is_measured = all(str(texts) in row.latency for row in found.rows)
    is_same = machine is not None and all(
        getattr(machine, fact) == found.machine.get(fact) for fact in _MACHINE
    )
    has_latency = is_text_to_label and is_measured and is_same
    return SharedAxes(unit.is_bytes, texts if has_latency else None)
