"""`bort`, with locks of its own and measurements of a second: `python quick_bort.py FOLDER ...`."""

import sys
from pathlib import Path

from bort.core import locks
from bort.latency import timing
from bort.latency.noise import NoiseReading
from bort.latency.protocol import Protocol

SHORT = Protocol(budget_seconds=0.6, min_rounds=6, max_rounds=6, limit_seconds=5.0)
QUIET = NoiseReading(reference_ms=1.0, spread=0.05, others_share=0.01, ratio_spread=0.03)


class _NobodyElse:
    def read(self) -> float:
        return 0.0


class QuickInstruments(timing.Instruments):
    """Six short rounds on a machine that counts as quiet, whatever else it does."""

    def __init__(self, **given: object) -> None:
        calm = {"settle": lambda _: None, "read_noise": lambda *_: QUIET, "paces": None}
        super().__init__(**{**given, **calm, "protocol": SHORT, "watch_others": _NobodyElse})


def main(folder: Path) -> None:
    """Run the command line in this process."""
    folder.mkdir(exist_ok=True)
    locks._lock_folder = lambda _user: folder
    original = timing.Instruments
    timing.Instruments = QuickInstruments
    assert issubclass(QuickInstruments, original)
    from bort.cli.main import main as bort

    bort()


if __name__ == "__main__":
    sys.argv = [sys.argv[0], *sys.argv[1:]]
    place = Path(sys.argv.pop(1))
    main(place)
