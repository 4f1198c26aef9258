"""The search job: prepare, evaluate, store; every finished training is stored at once."""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from statistics import median
from typing import Any

from bort.core.architecture import Architecture
from bort.core.baseline import OracleFacts
from bort.core.errors import BortError
from bort.core.evaluation import Evaluation
from bort.core.files import write_json_atomically
from bort.core.loggers import LogSpec
from bort.core.progress import Number, Progress, Stage
from bort.core.serialise import to_json
from bort.core.study import StudySpec
from bort.families import SearchSpace
from bort.jobs.kinds.audit import run_audit
from bort.jobs.kinds.latency import kept_rounds, measure_new_winners
from bort.jobs.kinds.logged import open_loggers
from bort.jobs.kinds.trainings import Oracle, Trainings, check_reachable, open_trainings, turn
from bort.jobs.runtime.context import JobContext
from bort.latency.profile import LatencyProfile
from bort.latency.stored import named_profile, study_profile
from bort.search import Ending, Observation, SearchStep, observation_of, parallel_search, solve
from bort.storage import EventCode
from bort.studies.answers import CERTIFICATE, read_answer, study_certificate
from bort.studies.answers.evidence import Evidence
from bort.studies.answers.read import answer_under, study_evidence
from bort.studies.checks import known_size
from bort.studies.costs import Costs
from bort.studies.estimates import estimate_study
from bort.studies.loggers import Loggers
from bort.tasks import load_task
from bort.training.source import source_network
from bort.training.text_work import text_source


def run(context: JobContext) -> dict[str, Any]:
    """Search as `context.spec` (a `StudySpec`) says; return what `bort search --json` prints.

    A resumed job continues after the last stored training and repeats none.
    """
    spec = _with_known_size(context, StudySpec.from_dict(context.spec))
    check_reachable(context)
    context.store.create_study(spec)
    _plan_ahead(context, spec)
    space = SearchSpace.from_dict(spec.space)
    profile = _profile(context, spec, space)
    if profile is not None:
        oracle = _oracle(context, spec, space)
        costs = Costs(space, profile, spec.training, spec.size)
        with (
            closing(_loggers(context, spec)) as logged,
            open_trainings(context, spec, oracle) as trainings,
        ):
            _run_until_stopped(context, _Search(context, spec, costs, trainings, logged))
        certificate = study_certificate(context.store, spec.name)
        write_json_atomically(context.folder / CERTIFICATE, certificate)
        if not context.should_stop():
            measure_new_winners(context, spec.name)
    return read_answer(context.store, spec.name).as_json()


def _run_until_stopped(context: JobContext, search: "_Search") -> None:
    """Run the search. One that is stopped in the middle of a training keeps a certificate too."""
    try:
        search.run()
    except BortError as error:
        from bort.training.execution import TrainingStoppedError

        if not (isinstance(error, TrainingStoppedError) and context.should_stop()):
            raise


def _plan_ahead(context: JobContext, spec: StudySpec) -> None:
    """List the stages and their times before the first begins."""
    context.report(Progress(stage=Stage.PLANNING))
    cost = estimate_study(context.store, spec, without=context.job.id)
    stages = [[stage.work, stage.seconds] for stage in cost.stages]
    context.log(EventCode.PLANNED, stages=stages, minutes=cost.total_minutes)


def _with_known_size(context: JobContext, spec: StudySpec) -> StudySpec:
    """Count the bytes of tokenizers, if nobody has read the task yet."""
    if spec.size.tokenizer_bytes is not None:
        return spec
    context.report(Progress(stage=Stage.LOADING_TASK))
    task = load_task(spec.task, on_step=context.report_part)
    source, space = source_network(spec.training.source), SearchSpace.from_dict(spec.space)
    return replace(spec, size=known_size(spec.size, task, source, space))


def _profile(context: JobContext, spec: StudySpec, space: SearchSpace) -> LatencyProfile | None:
    """Find the study's latency profile: the one it already uses, or the one in its spec.

    One that the noise check refused is measured again, unless the user named it or an audit has
    frozen an answer that rests on it.
    """
    name = context.store.study(spec.name).profile
    if name is not None:
        known = named_profile(context.store, name)
        is_fixed = spec.latency.profile is not None or context.store.audits(spec.name)
        if known.noise.ok or is_fixed:
            return known
    if spec.latency.profile is None:
        context.report(Progress(stage=Stage.MEASURING))
    profile = study_profile(
        context.store,
        space,
        spec.latency,
        on_step=context.report,
        should_stop=context.should_stop,
        measure_anyway=context.measures_anyway,
        texts=text_source(spec, on_step=context.report),
        kept=kept_rounds(context),
    )
    if profile is not None:
        context.store.set_study_profile(spec.name, profile.name)
    return profile


def _oracle(context: JobContext, spec: StudySpec, space: SearchSpace) -> Oracle:
    """Make the oracle that trains candidates. Loads torch, and fine-tunes a missing teacher."""
    context.report(Progress(stage=Stage.LOADING_TASK))
    task = load_task(spec.task, on_step=context.report_part)
    for warning in task.warnings:
        context.warn(EventCode.DATA_FLAW, **to_json(warning))
    from bort.training.oracle import ErrorOracle

    with turn(context, spec):  # a teacher is a training too
        oracle = ErrorOracle(
            task,
            spec.training,
            space,
            seed=spec.search.seed,
            continues=context.store.origin(spec.name),
            on_step=context.report_part,
            should_stop=context.should_stop,
        )
    _tell_facts(context, spec, oracle.describe())
    return oracle


def _tell_facts(context: JobContext, spec: StudySpec, facts: OracleFacts) -> None:
    """Say what candidates are compared with, before the first is trained."""
    context.store.set_study_facts(spec.name, facts)
    context.log(EventCode.TEACHER_READY, **to_json(facts))


def _loggers(context: JobContext, spec: StudySpec) -> Loggers:
    question = spec.search.question
    settings = {
        "study": spec.name,
        "task": spec.task.task,
        "goal": question.goal,
        "epsilon": question.epsilon,
        "seed": spec.search.seed,
    }
    return open_loggers(context, LogSpec.from_dict(context.spec).loggers, spec.name, settings)


class _Search:
    """Follows the certified search: stores, reports, logs, and stops when it must."""

    def __init__(
        self,
        context: JobContext,
        spec: StudySpec,
        costs: Costs,
        trainings: Trainings,
        logged: Loggers,
    ) -> None:
        self.context, self.spec, self.costs, self.logged = context, spec, costs, logged
        self.trainings = trainings
        self.stored = context.store.evaluations(spec.name)
        for name in trainings.begun:  # stopped between storing the results and noting that
            if len(self.stored.get(name, ())) >= spec.training.seeds:
                trainings.end(name)
        self.seconds = [e.seconds for trained in self.stored.values() for e in trained]
        self.before, self.began = sum(self.seconds), time.monotonic()
        self.is_design: bool | None = None  # of the next pick; not known yet

    def run(self) -> None:
        """Search until it is done, stopped or out of time; then audit, if the study asks for it."""
        self._include()
        evidence = self._evidence()
        if self._goes_on(evidence):
            if evidence.audits:
                # Architectures that earlier audits drew count as evidence from now on.
                self.context.store.close_audits(self.spec.name)
                evidence = self._evidence()
            self._search(evidence)
        if self.spec.search.audit is not None and not self.context.should_stop():
            run_audit(self.context, self.spec, self.costs, self._begin)

    def _include(self) -> None:
        """Evaluate the architectures named in `include` first."""
        space, include = self.costs.space, tuple(dict.fromkeys(self.spec.search.include))
        waits = [self._begin(space.index(space.named(name))) for name in include]
        for count, (name, wait) in enumerate(zip(include, waits, strict=True), start=1):
            if self.context.should_stop() or self._is_out_of_minutes():
                return
            done = count - 1
            self.context.report(Progress(done, len(include), Stage.TRAINING_CANDIDATES, name))
            wait()
        self.stored = self.context.store.evaluations(self.spec.name)

    def _evidence(self) -> Evidence:
        store = self.context.store
        return study_evidence(store, store.study(self.spec.name), self.costs)

    def _begun(self, evidence: Evidence) -> list[int]:
        """The architectures that the search had begun when it was stopped."""
        space, drawn = self.costs.space, {i for plan in evidence.audits for i in plan.drawn}
        indices = [space.index(space.named(name)) for name in self.trainings.begun]
        return [index for index in indices if index not in drawn]

    def _goes_on(self, evidence: Evidence) -> bool:
        if self._begun(evidence):
            return True
        budget = self.spec.search.budget
        if budget is not None and len(evidence.known) >= budget:
            return False
        if evidence.audits and self._is_out_of_minutes():
            return False
        question = self.spec.search.question
        answer = answer_under(question, self.costs, evidence)
        if answer.ending is Ending.ASSUMPTION_VIOLATED and evidence.audits:
            # What an audit found becomes evidence, unless the evaluations refute the claim, too.
            answer = solve(self.costs.problem, evidence.known, question=question)
        return answer.ending is None

    def _search(self, evidence: Evidence) -> None:
        search = self.spec.search
        steps = parallel_search(
            self.costs.problem,
            self._begin,
            question=search.question,
            at_once=search.parallel,
            budget=search.budget,
            known=evidence.known,
            begun=self._begun(evidence),
            may_begin=lambda: not self._is_out_of_minutes(),
        )
        self.context.report_part(Progress(stage=Stage.TRAINING_CANDIDATES))
        if not evidence.known:
            self.is_design = search.question.lipschitz is None
        for step in steps:
            self._report(step)
            if self.context.should_stop():
                return
        if self._is_out_of_minutes():
            self.context.log(EventCode.MINUTES_SPENT, minutes=search.minutes)

    @property
    def _speed_up(self) -> float:
        """How many times as fast as with one worker, as the plan expects it (`speed_up`)."""
        return min(float(self.trainings.workers), math.sqrt(self.spec.search.parallel))

    def _is_out_of_minutes(self) -> bool:
        minutes, workers = self.spec.search.minutes, self.trainings.workers
        if minutes is None:
            return False
        spent = sum(self.seconds) / workers
        if workers > 1:  # they wait for each other, which no training's seconds count
            spent = max(spent, self.before / workers + time.monotonic() - self.began)
        return spent >= 60 * minutes

    def _begin(self, index: int) -> Callable[[], Observation]:
        """Let the missing trainings of one architecture begin; return what waits for them."""
        architecture = self.costs.space.architecture(index)
        trained = {e.seed: e for e in self.stored.get(architecture.id, ())}
        first = self.spec.search.seed
        seeds = range(first, first + self.spec.training.seeds)
        missing = [seed for seed in seeds if seed not in trained]
        if missing:
            self.trainings.begin(architecture, missing)
        return partial(self._observe, architecture, trained, missing)

    def _observe(
        self, architecture: Architecture, trained: dict[int, Evaluation], missing: Sequence[int]
    ) -> Observation:
        """Get the missing trainings of one architecture, and store each at once."""
        self._tell_pick(architecture.id)
        for seed in missing:
            trained[seed] = self._train(architecture, seed)
        self.trainings.end(architecture.id)
        return observation_of(
            list(trained.values()),
            population=self.costs.problem.population(self.spec.search.question.confidence),
        )

    def _tell_pick(self, architecture: str) -> None:
        """Report what is trained next, and what was learnt before."""
        before = self.context.progress
        if before.stage is Stage.AUDITING:  # drawn, not picked
            return
        numbers: dict[str, Number] = {"last_error": before.numbers.get("error")}
        if self.is_design is not None and self.spec.search.parallel == 1:  # else picked earlier
            numbers["is_design"] = int(self.is_design)
        if (running := self.trainings.running) > 1:
            numbers["others"] = running - 1
        step = replace(
            before, stage=Stage.TRAINING_CANDIDATES, subject=architecture, numbers=numbers
        )
        self.context.report(step)

    def _train(self, architecture: Architecture, seed: int) -> Evaluation:
        evaluation = self.trainings.result(architecture, seed)
        self.context.store.add_evaluation(
            self.spec.name, architecture.id, architecture.as_dict(), evaluation
        )
        self.seconds.append(evaluation.seconds)
        self.context.log(
            EventCode.TRAINED,
            architecture=architecture.id,
            seed=seed,
            error=None if evaluation.diverged else evaluation.error_rate,
            seconds=evaluation.seconds,
        )
        self._log_training(architecture, evaluation)
        return evaluation

    def _log_training(self, architecture: Architecture, evaluation: Evaluation) -> None:
        """Send a training's numbers to the loggers; its step is how many have been stored."""
        index, problem = self.costs.space.index(architecture), self.costs.problem
        numbers: dict[str, float] = {
            self.spec.size.unit: float(problem.size[index]),
            "latency_ms": float(problem.latency[index]),
            "seconds": evaluation.seconds,
        }
        if not evaluation.diverged:
            numbers["error"] = evaluation.error_rate
        numbers |= {f"architecture/{name}": size for name, size in architecture.as_dict().items()}
        for name, value in numbers.items():
            self.logged.scalar(f"search/{name}", len(self.seconds), value)

    def _report(self, step: SearchStep) -> None:
        self.is_design = step.lipschitz is None
        total = min(step.evaluation_bound, self.spec.search.budget or step.evaluation_bound)
        left = max(0, total - step.evaluations) * self.spec.training.seeds
        architecture = self.costs.space.architecture(step.index).id
        self.context.report(
            Progress(
                done=step.evaluations,
                total=step.evaluations if step.done else total,
                stage=Stage.TRAINING_CANDIDATES,
                subject=architecture,
                eta_s=0.0 if step.done else left * median(self.seconds) / self._speed_up,
                numbers={
                    "error": step.observation.error,
                    "evaluations": step.evaluations,
                    "evaluation_bound": step.evaluation_bound,
                    "certified_epsilon": step.certified_epsilon,
                },
            )
        )
        self.context.metrics(step.evaluations, {"certified_epsilon": step.certified_epsilon})
        if step.certified_epsilon is not None:
            name = "search/certified_epsilon"
            self.logged.scalar(name, len(self.seconds), step.certified_epsilon)
        if step.reason is not None:
            self.context.log(EventCode.SEARCH_ENDED, ending=step.reason)
