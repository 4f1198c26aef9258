"""The five lines of the README, in a program of its own: `five_lines.py FOLDER`."""

import csv
import sys
from dataclasses import replace
from pathlib import Path

from made_up_study import made_up_profile

import bort
from bort import TextClassifierSearch
from bort.core.finetune import Recipe
from bort.core.machine import this_machine
from bort.families import load_space
from bort.finetuning import latency
from bort.latency.protocol import Protocol
from bort.latency.runtimes import runtime_kind
from bort.latency.workload import Workload
from bort.storage import open_store
from bort.studies import measuring

QUICK = Protocol(budget_seconds=1.0, limit_seconds=2.0)  # nobody reads these latencies
latency.HANDFUL = measuring.HANDFUL = QUICK


def main(folder: Path) -> None:
    """Search the tiny task of the tests with the latency profile of a made-up machine."""
    space = load_space(str(folder / "tiny.toml"))
    made_up = made_up_profile(space)
    libraries = runtime_kind(made_up.runtime).libraries
    # Two texts a pass, from text to label, as max_latency_ms means it.
    read = {str(space.vocabulary_sizes[0]): (8,) * 8}
    work = Workload(2, 8, 2, lengths=(8,) * 8, lengths_from="reviews", by_vocabulary=read)
    here = this_machine(libraries, threads=2)
    profile = replace(made_up, name="made-up-to-label", workload=work, fingerprint=here)
    with open_store() as store:
        store.put_profile(profile.to_dict(), profile.name)
    with (folder / "reviews.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    texts, labels = [row["text"] for row in rows], [row["label"] for row in rows]

    search = TextClassifierSearch(
        max_latency_ms=1000.0,
        budget=3,
        steps=20,
        threads=1,
        space=folder / "tiny.toml",
        source=folder / "source",
        options={"latency_profile": profile.name},
        recipe=Recipe(steps=8, distil_steps=8, copies=1, evaluations=2),
    ).fit(texts, labels)
    search.certificate_.verify()
    model = search.best_estimator_
    print(bort.__file__, len(search.front_), model.score(texts, labels), sep="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
