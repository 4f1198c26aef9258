"""Write and run the notebook of the documents.

    .venv/bin/python -m docs.notebook

Its cells are here, and `notebook.ipynb` is what a run of them prints. They search and fine-tune
with defaults, so a run takes about half an hour. It uses BORT_HOME like everything else.
"""

from pathlib import Path

import nbformat
from nbclient import NotebookClient

PLACE = Path(__file__).with_name("notebook.ipynb")
TIMEOUT_S = 7200

WORDS, CODE = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell

CELLS = [
    (
        WORDS,
        """\
# A search, from a table to a model

`.venv/bin/python -m docs.notebook` ran this notebook. Below each cell is what it printed then.
[From Python](python.md) explains each step.""",
    ),
    (
        CODE,
        """\
from bort import Agora, LatencyProfile, TextClassifierSearch, search_table""",
    ),
    (
        WORDS,
        """\
## A table of results

Somebody has trained 96 architectures. How few would have been enough? Each row counts as an
architecture that is not evaluated yet.""",
    ),
    (
        CODE,
        """\
import pandas as pd

results = pd.read_csv("../data/recorded/movie-reviews-minilm-96.csv")
dimensions = ["depth", "heads", "hidden", "intermediate"]
costs = {"size": "parameter_count", "latency": "latency_ms", "error": "error_mean"}
found = search_table(results[[*dimensions, *costs.values()]], **costs, epsilon=0.25)
found""",
    ),
    (
        CODE,
        """\
found.certificate.verify()  # raises an error unless the claim follows from its numbers
found.certificate""",
    ),
    (
        WORDS,
        """\
## How fast is this machine?

A few architectures are timed in turns, and a model predicts the others. `is_quiet` says whether
something else disturbed the measurement.""",
    ),
    (
        CODE,
        """\
profile = LatencyProfile.measure("small", count=24, minutes=1, verbose=False)
profile""",
    ),
    (
        CODE,
        """\
profile.is_quiet, round(profile.band, 3)""",
    ),
    (
        WORDS,
        """\
## Search for a classifier

The defaults search the space `small`: static, convolutional and BERT networks, with the teacher
fitted first. `max_latency_ms` is the most that one text may take on this machine.""",
    ),
    (
        CODE,
        """\
search = TextClassifierSearch(max_latency_ms=1.0, verbose=False).fit("movie-reviews")
search""",
    ),
    (
        CODE,
        """\
search.front_[["parameter_count", "latency_ms", "error_rate"]]""",
    ),
    (
        CODE,
        """\
search.certificate_.verify()  # nothing is printed where it holds""",
    ),
    (
        WORDS,
        """\
`search.plot()` draws the front as the dashboard does. It is left out here, since the drawing
library would make the file thirty times as large.

## The model""",
    ),
    (
        CODE,
        """\
model = search.best_estimator_
model.classes_""",
    ),
    (
        CODE,
        """\
texts = ["Warm, clever and very funny.", "Two hours that I will not get back."]
model.predict(texts)""",
    ),
    (
        CODE,
        """\
model.predict_proba(texts).round(3)""",
    ),
    (
        WORDS,
        """\
## Agora

On the torus everything can be seen: a student learns from points that are sampled near its errors,
and that a labeler labels.""",
    ),
    (
        CODE,
        """\
run = Agora(rounds=3, options={"learner": "knn"}, verbose=False).fit()
run""",
    ),
    (
        CODE,
        """\
run.rounds_[["train_size", "proposed", "accepted", "dev_error", "audit_error"]]""",
    ),
]


def unrun() -> nbformat.NotebookNode:
    """Make the notebook without outputs."""
    cells = [make(text, id=f"cell-{i}") for i, (make, text) in enumerate(CELLS)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def main() -> None:
    """Run the notebook, and write it with its outputs."""
    notebook = unrun()
    place = {"metadata": {"path": str(PLACE.parent)}}
    NotebookClient(notebook, timeout=TIMEOUT_S, resources=place, record_timing=False).execute()
    notebook.metadata.pop("language_info", None)  # the version of Python that ran it
    for cell in notebook.cells:
        if cell.cell_type == "code":  # warnings of this machine's packages name its folders
            cell.outputs = [one for one in cell.outputs if one.get("name") != "stderr"]
    nbformat.write(notebook, PLACE)
    print(f"{PLACE}: {PLACE.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
