"""The process of a detached job: `python -m bort.jobs.runtime.worker JOB --attempt N --runner M:F`.

Started by `bort.jobs.start_detached` and `resume`, not by people. The store is `$BORT_STORE`;
the job's log gets everything that is printed.
"""

import argparse
import dataclasses
import os
import sys
import time

from bort.core.errors import BortError
from bort.core.telemetry import send_nothing
from bort.jobs.runtime.attempt import run_attempt
from bort.jobs.runtime.runners import MEASUREMENTS
from bort.storage import open_store
from bort.storage.records import iso

NICENESS = 5  # so that a page answers at once while jobs train; nothing else is slowed down


def main(arguments: list[str] | None = None) -> int:
    """Run one job; return the command line's exit code."""
    parser = argparse.ArgumentParser(prog="bort.jobs.runtime.worker", description=__doc__)
    parser.add_argument("job", type=int)
    parser.add_argument("--attempt", type=int, required=True)
    parser.add_argument("--runner", required=True, metavar="MODULE:FUNCTION")
    parser.add_argument("--store", metavar="URL", help="default: $BORT_STORE")
    given = parser.parse_args(arguments)
    send_nothing()
    try:
        with open_store(given.store) as store:
            waiting = dataclasses.replace(store.job(given.job), attempt=given.attempt)
            if waiting.kind not in MEASUREMENTS:
                os.nice(NICENESS)
            run_attempt(store, waiting, given.runner)
    except BortError as error:
        print(f"{iso(time.time())} bort: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
