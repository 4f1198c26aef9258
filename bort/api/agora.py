"""`Agora` in scikit-learn's manner: teach a small model where it makes errors."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import pandas as pd
from sklearn.base import BaseEstimator

from bort.api import studying
from bort.api.inputs import labelled as labelled_texts
from bort.api.saving import RefusesPickle
from bort.core.agora import TORUS
from bort.core.errors import InvalidOptionError
from bort.figures.agora import plot_errors
from bort.jobs import find_job
from bort.report.agora import result_sentence, warnings
from bort.report.html import card
from bort.storage import open_store
from bort.studies.agora import RUN, RunResult, parents_of, point_rows, read_run
from bort.studies.agora_request import describe_run
from bort.tasks.given import keep_texts

OPTIONS = (
    *("labelled", "sampler", "labeler", "rounds", "points", "radius", "architecture", "steps"),
    *("source", "device", "threads"),
)


class Agora(RefusesPickle, BaseEstimator):  # type: ignore[misc]
    """Run Agora: sample new points near a student's dev errors, label them, train again.

    `fit` runs what `bort agora run` runs. On the torus it shows the idea in a minute; on texts the
    student is a small BERT, and most training texts become an unlabelled pool.

    Args:
        labelled: keep this many labelled training texts; the others become the pool.
        sampler, labeler, rounds, points, radius, architecture: see `bort agora run --help`.
        steps, source, device, threads: the training of the students.
        options: any other option of `bort agora run` by its name, `{"patience": 3}`.
        random_state: seed of the run.
        name: of the run; None builds one.
        jobs: run in a process of its own, which survives this one.
        store: database URL; None is $BORT_STORE, else SQLite in $BORT_HOME.
        verbose: show a progress bar.

    Attributes:
        job_: number of the job, as `bort agora show` takes it.
        rounds_: data frame with one row per round: errors, proposed and accepted points, Betti
            numbers.
        points_: data frame of every generated point with its label, parent and verdict.
        dev_error_, audit_error_: of the last student; Agora never sees the audit split.
        summary_: the result in a sentence.

    Examples:
        >>> from bort import Agora
        >>> run = Agora(rounds=2, options={"learner": "knn"}, verbose=False).fit()
        >>> len(run.rounds_), 0 < run.audit_error_ < 0.5
        (3, True)
    """

    _saved_with = "points_.to_parquet(file) keeps its points, and the store has the run"

    def __init__(
        self,
        *,
        labelled: int | None = None,
        sampler: str | None = None,
        labeler: str | None = None,
        rounds: int | None = None,
        points: int | None = None,
        radius: float | None = None,
        architecture: str | None = None,
        steps: int | None = None,
        source: str | Path | None = None,
        device: str | None = None,
        threads: int | None = None,
        options: Mapping[str, Any] | None = None,
        random_state: int = 0,
        name: str | None = None,
        jobs: bool = False,
        store: str | None = None,
        verbose: bool = True,
    ) -> None:
        self.labelled = labelled
        self.sampler = sampler
        self.labeler = labeler
        self.rounds = rounds
        self.points = points
        self.radius = radius
        self.architecture = architecture
        self.steps = steps
        self.source = source
        self.device = device
        self.threads = threads
        self.options = options
        self.random_state = random_state
        self.name = name
        self.jobs = jobs
        self.store = store
        self.verbose = verbose

    def fit(self, texts: Any = TORUS, labels: Any = None) -> Self:
        """Run Agora on texts and labels, on a task by its name, or on the torus.

        Args:
            texts, labels: as for `TextClassifierSearch.fit`; without them, the torus.
        Raises:
            BortError: one line on the option or the data that cannot be used, or on what stopped
                the run.
        Cost: seconds on the torus; minutes to hours on texts.
        """
        asked = self._asked(texts, labels)
        with open_store(self.store) as store:
            spec = describe_run(store, asked, on_warning=studying.warn)
            job_id = studying.run_job(
                store,
                RUN,
                spec,
                spec["study"],
                f"Agora on {spec['task']}" if isinstance(texts, str) else "Agora",
                jobs=self.jobs,
                verbose=self.verbose,
            )
            job = find_job(store, job_id)
            run = read_run(store, job)
        self._result: RunResult = run.result
        self.job_ = job_id
        self.rounds_ = pd.DataFrame([_row(row) for row in run.summaries]).set_index("round")
        self.points_ = pd.DataFrame(point_rows(run.points, parents_of(run)))
        final = self._result.final
        assert final is not None  # a finished run has one
        self.dev_error_, self.audit_error_ = final.dev_error, final.audit_error
        self.summary_ = " ".join([result_sentence(final), *warnings(self._result)])
        return self

    def plot(self, *, theme: Any = "light") -> Any:
        """Draw dev and audit error by round, as the dashboard does; a plotly figure."""
        if not hasattr(self, "job_"):
            raise InvalidOptionError("this run has not started yet; call fit first")
        return plot_errors(self._result.rounds, theme=theme, height=360)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "job_")

    def _repr_html_(self) -> str:
        if not hasattr(self, "job_"):
            return card("Agora", ["Not fitted yet."])
        rows = [
            {
                "round": row.round,
                "training texts" if self._result.task != TORUS else "points": row.train_size,
                "proposed": row.proposed,
                "accepted": row.accepted,
                "dev error": row.dev_error,
                "audit error": row.audit_error,
            }
            for row in self._result.rounds
        ]
        return card(f"Agora run {self._result.study} (job {self.job_})", [self.summary_], rows=rows)

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    def _asked(self, texts: Any, labels: Any) -> dict[str, Any]:
        more = dict(self.options or {})
        columns = () if isinstance(texts, str | Path) else ("text", "label")  # of a file
        if taken := sorted({*OPTIONS, *columns, "task", "seed", "study"} & more.keys()):
            raise InvalidOptionError(
                f"{taken[0]} is a parameter of Agora, not one of its options; pass it by itself"
            )
        given = {name: getattr(self, name) for name in OPTIONS if getattr(self, name) is not None}
        given |= {**more, "seed": self.random_state}
        if self.source is not None:
            given["source"] = str(self.source)
        if self.name is not None:
            given["study"] = self.name
        if isinstance(texts, str) and texts == TORUS and "from_study" in given:
            return given
        if isinstance(texts, str | Path):
            return {**given, "task": str(texts)}
        given_texts, values = labelled_texts(texts, labels)
        task = keep_texts(given_texts, values)
        return {**given, "task": task.task, "text": task.text, "label": task.label}


def _row(summary: Any) -> dict[str, Any]:
    names = ("round", "train_size", "errors_found", "proposed", "accepted", "dev_error")
    more = ("audit_error", "gap", "betti", "coverage", "seconds")
    return {name: getattr(summary, name) for name in (*names, *more)}
