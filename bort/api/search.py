"""`TextClassifierSearch`: a search in scikit-learn's manner, the same study as `bort search`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError

from bort.api import studying
from bort.api.certificate import Certificate
from bort.api.frames import (
    ArchitecturePoint,
    front_rows,
    ledger_frame,
    points_frame,
)
from bort.api.inputs import labelled
from bort.api.model import TextClassifier
from bort.api.saving import RefusesPickle
from bort.core.errors import BortError, InvalidOptionError
from bort.core.finetune import Recipe
from bort.core.study import SPACE, TaskSpec
from bort.report.html import card
from bort.report.search import latency_note, summary
from bort.storage import Store, open_store
from bort.studies.answers import Limits, StudyAnswer, best_within
from bort.tasks.given import keep_texts


class NotSearchedError(BortError, NotFittedError):  # type: ignore[misc]
    """The search has not been fitted, or has not trained a model yet."""


class TextClassifierSearch(RefusesPickle, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Search for the smallest, fastest text classifier that is still accurate enough.

    `fit` runs the study that `bort search` runs: the same options, seed and machine give the same
    front. It is stored, so the dashboard and the command line show it too. Then `fit` fine-tunes
    the best architecture, unless `refit` is off.

    Args:
        max_latency_ms: `best_estimator_` needs at most this many milliseconds per text, from text
            to label: tokenizer, padding, network and softmax. The search then times that.
        max_parameters: it has at most this many parameters.
        space: a named space, a TOML file, or `SearchSpace.to_dict()`.
        goal, epsilon, weights, confidence, budget, audit: the question; see `bort search --help`.
            Without goal, epsilon, budget and minutes it is that of `bort search --preset quick`.
        minutes: converted into a budget before the start, from the trainings timed in this store,
            so that the answer does not depend on the clock. If none is comparable, the search
            stops after these minutes of training.
        seeds, steps, source, teacher, device, threads: the training.
        runtime: the runtime that you will deploy.
        options: any other option of `bort search` by its name, `{"learning_rates": (3e-4,)}`;
            nothing is logged unless `{"log": ("tensorboard",)}` or another logger is given.
        recipe: how the best architecture is fine-tuned; None is the usual recipe.
        refit: fine-tune the best architecture at the end.
        random_state: seed of the search and of every training.
        name: of the study; None chooses a new one. The same name and options continue it.
        jobs: run in a process of its own, which survives this one; `attach(name)` finds it again.
        store: database URL; None is $BORT_STORE, else SQLite in $BORT_HOME.
        verbose: show a progress bar.

    Attributes:
        study_: name of the study in the store.
        front_: data frame of the architectures that no other one beats, by size.
        evaluations_: data frame of all trained architectures.
        certificate_: the claim, with everything needed to check it.
        certified_epsilon_: the smallest ε certified; None if nothing is.
        ledger_: data frame of the assumptions behind the claim.
        best_point_: the most accurate architecture within the limits; without limits, the one
            with the largest W.
        best_estimator_: the `TextClassifier` trained from it.
        classes_: shape (n_classes,), the labels.
    """

    _saved_with = "use best_estimator_.save(folder) and certificate_.save(file)"

    def __init__(
        self,
        *,
        max_latency_ms: float | None = None,
        max_parameters: int | None = None,
        space: str | Path | Mapping[str, Any] = SPACE,
        goal: str | None = None,
        epsilon: float | None = None,
        weights: Sequence[float] | None = None,
        confidence: float | None = None,
        budget: int | None = None,
        minutes: float | None = None,
        audit: int | None = None,
        seeds: int | None = None,
        steps: int | None = None,
        source: str | Path | None = None,
        teacher: str | Path | None = None,
        device: str | None = None,
        threads: int | None = None,
        runtime: str | None = None,
        options: Mapping[str, Any] | None = None,
        recipe: Recipe | None = None,
        refit: bool = True,
        random_state: int = 0,
        name: str | None = None,
        jobs: bool = False,
        store: str | None = None,
        verbose: bool = True,
    ) -> None:
        self.max_latency_ms = max_latency_ms
        self.max_parameters = max_parameters
        self.space = space
        self.goal = goal
        self.epsilon = epsilon
        self.weights = weights
        self.confidence = confidence
        self.budget = budget
        self.minutes = minutes
        self.audit = audit
        self.seeds = seeds
        self.steps = steps
        self.source = source
        self.teacher = teacher
        self.device = device
        self.threads = threads
        self.runtime = runtime
        self.options = options
        self.recipe = recipe
        self.refit = refit
        self.random_state = random_state
        self.name = name
        self.jobs = jobs
        self.store = store
        self.verbose = verbose

    def fit(self, texts: Any, labels: Any = None) -> Self:
        """Search, then fine-tune the best architecture within the limits.

        Args:
            texts: n texts or pairs as a list, numpy array, pandas series or frame, or
                `datasets.Dataset`; or a named task, a file or hub:ID.
            labels: n labels of any type; the name of a column of `texts`; None if `texts` is a
                task.
        Raises:
            BortError: one line on the option or the data that cannot be used, before anything
                starts; or on what stopped the search. What was trained is kept.
        Cost: minutes to hours; `bort search` describes it.
        """
        task = self._task(texts, labels)
        self.__dict__.pop("best_estimator_", None)  # of an earlier fit
        with open_store(self.store) as store:
            params = self.get_params(deep=False)
            spec = studying.described(store, params, task)
            studying.check_limit(store, spec, self.max_latency_ms, self.max_parameters)
            spec = studying.run_search(
                store,
                spec,
                studying.beside_of(params),
                is_named=self.name is not None,
                jobs=self.jobs,
                verbose=self.verbose,
            )
            self._keep(store, spec.name)
            if self.refit:
                self.best_estimator_ = self._finetuned(store, self.best_point_.id)
        return self

    @classmethod
    def attach(
        cls,
        name: str,
        *,
        max_latency_ms: float | None = None,
        max_parameters: int | None = None,
        store: str | None = None,
        refit: bool = True,
        verbose: bool = True,
    ) -> Self:
        """Find a study again, wait for its running job, and fine-tune the best point if need be.

        Args:
            name: of the study, of this process or of any other, `bort search` included.
            max_latency_ms, max_parameters: limits of the best point; a study does not keep them.
        Raises:
            UnknownStudyError: the store has no such study, or nothing was trained for it.
            JobFailedError: the search that was running ended early.
        """
        with open_store(store) as opened:
            studying.wait_for(opened, name, verbose=verbose)
            params = studying.params_of(opened.study(name).spec)
            params |= {"max_latency_ms": max_latency_ms, "max_parameters": max_parameters}
            found = cls(**params, name=name, store=store, refit=refit, verbose=verbose)
            found._keep(opened, name)
            if refit:
                found.best_estimator_ = found._finetuned(opened, found.best_point_.id)
        return found

    def finetune(self, pick: str | None = None) -> TextClassifier:
        """Fine-tune an architecture of the front, or return the model that it already has.

        Args:
            pick: its id; None is `best_point_`.
        Raises:
            BortError: no such architecture, or the training cannot start.
        Cost: minutes for a small network; `bort finetune --plan` estimates it.
        """
        self._check_is_fitted()
        with open_store(self.store) as store:
            return self._finetuned(store, self.best_point_.id if pick is None else pick)

    def point(self, architecture_id: str) -> ArchitecturePoint:
        """Return a trained architecture by its id.

        Raises:
            InvalidOptionError: the search did not train it.
        """
        for point in self._answer_or_refuse().points:
            if point.id == architecture_id:
                return ArchitecturePoint.of(point)
        raise InvalidOptionError(
            f"the search has not trained {architecture_id!r}; evaluations_ lists what it has"
        )

    @property
    def best_point_(self) -> ArchitecturePoint:
        """The most accurate point within the limits; without limits, the one with the largest W.

        Raises:
            NotSearchedError: nothing has been trained.
            InvalidOptionError: no trained architecture meets the limits.
        """
        answer = self._answer_or_refuse()
        if answer.best is None:
            raise NotSearchedError("the search has trained nothing yet; raise the budget")
        if self.max_latency_ms is not None and not answer.latency.is_text_to_label:
            raise InvalidOptionError(
                "max_latency_ms limits the time from text to label, but this study times the "
                "network alone; search again under another name, with max_latency_ms from the start"
            )
        best = best_within(answer, Limits(self.max_latency_ms, self.max_parameters))
        return ArchitecturePoint.of(best or answer.best)

    def predict(self, texts: Any) -> "np.ndarray[Any, np.dtype[Any]]":
        """Classify n texts or pairs with `best_estimator_`; returns n labels."""
        return self._model().predict(texts)

    def predict_proba(self, texts: Any) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """Estimate each class's probability with `best_estimator_`: shape (n, n_classes)."""
        return self._model().predict_proba(texts)

    def plot(
        self,
        x: str = "latency",
        y: str = "error",
        *,
        theme: str = "light",
        log: Sequence[str] = ("size", "latency"),
    ) -> Any:
        """Draw the front as the dashboard does, two objectives at a time; a plotly figure.

        Args:
            x, y: two of `size`, `latency`, `error`.
            theme: `light` or `dark`.
            log: objectives on a logarithmic axis.
        """
        return studying.plot(self._answer_or_refuse(), x, y, theme=theme, log=log)

    def plot_3d(self, *, theme: str = "light", log: Sequence[str] = ("size", "latency")) -> Any:
        """Draw size, latency and error in space, as the dashboard does; a plotly figure."""
        return studying.plot(self._answer_or_refuse(), None, None, theme=theme, log=log)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.non_deterministic = False
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "study_")

    def _repr_html_(self) -> str:
        answer: StudyAnswer | None = getattr(self, "_answer", None)
        if answer is None:
            return card("TextClassifierSearch", ["Not fitted yet."])
        said = [summary(answer), latency_note(answer.latency)]
        return card(f"Study {answer.study}", said, rows=front_rows(answer))

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    def _task(self, texts: Any, labels: Any) -> TaskSpec:
        if isinstance(texts, str | Path):
            if labels is not None:
                raise InvalidOptionError(
                    f"{str(texts)!r} names a task, which has its own labels; leave the labels out, "
                    "or pass a list of texts"
                )
            return TaskSpec(task=str(texts))
        if labels is None:
            raise InvalidOptionError(
                "labels are missing; this estimator requires y to be passed, but the target y is "
                "None"
            )
        given = labelled(texts, labels)
        return keep_texts(given.columns, given.labels)

    def _keep(self, store: Store, name: str) -> None:
        answer, content = studying.read(store, name)
        self._answer = answer
        self.study_ = name
        self.front_: pd.DataFrame = points_frame(answer.front)
        self.evaluations_: pd.DataFrame = points_frame(answer.points)
        self.ledger_: pd.DataFrame = ledger_frame(answer.ledger)
        self.certificate_ = Certificate(content)
        self.certified_epsilon_ = answer.certified_epsilon
        self.classes_ = studying.classes(answer.spec)

    def _finetuned(self, store: Store, pick: str) -> TextClassifier:
        record = studying.model_of(store, self.study_, pick, recipe=self.recipe)
        if record is None:
            record = studying.finetune(
                store, self.study_, pick, recipe=self.recipe, jobs=self.jobs, verbose=self.verbose
            )
        return TextClassifier.of(record, self.classes_.tolist())

    def _answer_or_refuse(self) -> StudyAnswer:
        self._check_is_fitted()
        return self._answer

    def _check_is_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise NotSearchedError("this search is not fitted yet; call fit(texts, labels) first")

    def _model(self) -> TextClassifier:
        self._check_is_fitted()
        if not hasattr(self, "best_estimator_"):
            raise NotSearchedError(
                "this search has trained no model, because refit is off; call finetune(), and use "
                "the model it returns"
            )
        return self.best_estimator_
