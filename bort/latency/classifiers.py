"""Text-to-label latency of several classifiers: tokenizer, network and decision, in turns."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from bort.core.progress import OnStep, ProgressTo, ignore, towards
from bort.latency.protocol import HANDFUL, Latency, Run
from bort.latency.timing import Instruments, Timing, never, time_runs
from bort.latency.workload import Text

Classify = Callable[[Sequence[Text]], NDArray[np.int64]]
"""Texts, or pairs of texts, to class numbers, shape (n,): everything from text to label."""

BATCHES = (1, 32)
SINGLES = 16  # texts of one run of single texts


@dataclass(frozen=True)
class Times:
    """Milliseconds per text, by classifier and batch size.

    Attributes:
        noise_ok: whether the machine was quiet.
    """

    latencies: Mapping[str, Mapping[int, Latency]]
    noise_ok: bool


def time_classifiers(
    classifiers: Mapping[str, Classify],
    texts: Sequence[Text],
    *,
    should_stop: Callable[[], bool] = never,
    on_step: OnStep = ignore,
    instruments: Instruments | None = None,
) -> Iterator[ProgressTo[Times]]:
    """Time all classifiers on one thread, one text at a time and in batches of 32, interleaved.

    Args:
        texts: at least one; those of the task, so that their lengths are real.
    Yields:
        Steps; the last carries the times, unless it was stopped early.
    """
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    singles = [texts[i % len(texts)] for i in range(SINGLES)]
    batch = [texts[i % len(texts)] for i in range(max(BATCHES))]
    runs = [run for one in classifiers.values() for run in _runs(one, singles, batch)]
    counts = (len(singles), len(batch))
    tools = instruments or Instruments(protocol=HANDFUL, paces=None)
    steps = time_runs(runs, should_stop=should_stop, on_step=on_step, instruments=tools)
    with threadpool_limits(1):  # numpy multiplies matrices on all cores
        for step in steps:
            if step.result is None:
                yield towards(step, None)
            else:
                yield towards(step, _times(step.result, tuple(classifiers), counts))


def _runs(classify: Classify, singles: Sequence[Text], batch: Sequence[Text]) -> tuple[Run, Run]:
    return (lambda: [classify([text]) for text in singles], lambda: classify(batch))


def _times(timing: Timing, names: Sequence[str], counts: tuple[int, int]) -> Times:
    found = iter(timing.latencies)
    return Times(
        {
            name: {
                batch: next(found).scaled(1 / count)
                for batch, count in zip(BATCHES, counts, strict=True)
            }
            for name in names
        },
        timing.noise.ok,
    )
