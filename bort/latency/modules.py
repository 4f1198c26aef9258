"""Time torch modules of any kind as architectures are timed: in turns, with the noise read."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bort.core.errors import InvalidOptionError
from bort.core.progress import ProgressTo, Stage
from bort.latency.protocol import Run
from bort.latency.timing import Instruments, Timing, never, time_runs
from bort.latency.workload import check_threads

if TYPE_CHECKING:
    import torch

MOST_MODULES = 256  # all are in memory at once, so that they can be timed in turns


def time_modules(
    builds: Sequence[Callable[[], "torch.nn.Module"]],
    inputs: tuple[Any, ...],
    *,
    threads: int | None = None,
    seed: int = 0,
    should_stop: Callable[[], bool] = never,
    instruments: Instruments | None = None,
) -> Iterator[ProgressTo[Timing]]:
    """Build modules and time a forward pass of each on the CPU, once the measuring lock is free.

    Args:
        builds: make the modules.
        inputs: positional arguments of `forward`.
        threads: CPU threads; None is all cores.
    Yields:
        Steps; the last carries the timing, unless it was stopped before the first complete round.
    Raises:
        InvalidOptionError: there are none, or more than fit into memory together.
    """
    import torch

    if not 2 <= len(builds) <= MOST_MODULES:
        raise InvalidOptionError(
            f"{len(builds)} modules cannot be timed in turns, only 2 to {MOST_MODULES}; give the "
            "latency as a function instead"
        )
    before = torch.get_num_threads()
    torch.set_num_threads(check_threads(threads))
    try:
        runs: list[Run] = []
        for build in builds:
            if should_stop():
                return
            runs.append(_run(build().eval(), inputs))
            yield ProgressTo(len(runs), len(builds), Stage.BUILDING)
        yield from time_runs(runs, seed=seed, should_stop=should_stop, instruments=instruments)
    finally:
        torch.set_num_threads(before)


def _run(module: "torch.nn.Module", inputs: tuple[Any, ...]) -> Run:
    import torch

    @torch.inference_mode()
    def forward() -> Any:
        return module(*inputs)

    return forward
