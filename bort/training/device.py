"""Where training runs, and on how many threads."""

import contextlib
from collections.abc import Iterator

import torch

from bort.core.errors import InvalidFieldError
from bort.core.machine.cores import usable_cores
from bort.core.study import Device


def resolve_device(device: Device) -> torch.device:
    """The device to train on; "auto" is cuda, else mps, else cpu.

    Raises:
        InvalidFieldError: this machine (or this build of torch) has no such device.
    """
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        return torch.device(next((name for name, there in present.items() if there), "cpu"))
    if not present.get(device, True):
        raise InvalidFieldError(
            "device", f"this machine offers torch no {device} device; use --device cpu, or auto"
        )
    return torch.device(device)


@contextlib.contextmanager
def training_threads(threads: int | None) -> Iterator[None]:
    """Compute on this many threads (None: all usable cores) within the block.

    Sums are split over threads, so results repeat to the last bit only at the same number.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads or usable_cores())
    # Numbers near 0 make AdamW's divisions ten times slower on x86, and carry nothing.
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_num_threads(before)
