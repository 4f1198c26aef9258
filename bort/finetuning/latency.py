"""Measure the latency of the trained models, their teacher and a landmark, interleaved."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bort.core.architecture import Architecture
from bort.core.machine import this_machine
from bort.core.progress import OnStep, ignore
from bort.core.serialise import to_json
from bort.core.study import LatencySpec, TaskSpec
from bort.families import SearchSpace, family
from bort.finetuning.realised import TEACHER, RuntimeTimes, TimedModel, landmark_key
from bort.latency.landmarks import LANDMARKS, Landmark
from bort.latency.protocol import HANDFUL
from bort.latency.runtimes import runtime_kind
from bort.latency.runtimes.text import opening_texts
from bort.latency.timing import Instruments, never, time_models
from bort.latency.workload import Blueprint, TextWork, workload_of
from bort.training.text_work import text_work

if TYPE_CHECKING:
    from bort.finetuning.setup import TaskSetup

# Our dimensions -> the names in BertConfig.
SOURCE_DIMENSIONS = {
    "depth": "num_hidden_layers",
    "heads": "num_attention_heads",
    "hidden": "hidden_size",
    "intermediate": "intermediate_size",
}


def nearest_landmark(parameter_count: int) -> Landmark:
    """Find the published model closest in size, by ratio."""

    def ratio(mark: Landmark) -> float:
        size = mark.blueprint.parameter_count()
        return max(size, parameter_count) / min(size, parameter_count)

    return min(LANDMARKS, key=ratio)


def bert_blueprint(config: Mapping[str, Any]) -> Blueprint | None:
    """Make a blueprint of the BERT classifier in a config.json; None for other model types."""
    if config.get("model_type") != "bert":
        return None
    kind = family("bert")
    shape = Architecture.of(**{o: config[theirs] for o, theirs in SOURCE_DIMENSIONS.items()})
    fixed = {**kind.defaults, "vocabulary": config["vocab_size"]}
    return Blueprint(kind, shape, fixed)


def measure_latencies(
    blueprints: Mapping[str, Blueprint],
    space: SearchSpace,
    spec: LatencySpec,
    runtimes: Sequence[str],
    *,
    texts: TextWork | None = None,
    on_step: OnStep = ignore,
    should_stop: Callable[[], bool] = never,
) -> dict[str, RuntimeTimes] | None:
    """Time all blueprints on every runtime with the study's batch size, length and threads.

    Args:
        blueprints: by name.
        space: the study's space; it limits the length.
        texts: the task's texts, for the time from text to label.
        on_step: receives each step; its subject is the runtime.
        should_stop: if it returns True, measuring ends.
    Returns:
        The times by runtime; None if `should_stop` ended the measurement.
    Raises: the errors of `bort.latency.timing.time_models`.
    """
    workload, tools = workload_of(spec, space, texts), Instruments(protocol=HANDFUL)
    if texts is not None:
        tools = replace(tools, open_runtime=opening_texts(texts, tools.open_runtime))
    # Largest first: runtimes build them best in this order.
    ordered = sorted(blueprints, key=lambda name: -blueprints[name].parameter_count())
    found: dict[str, RuntimeTimes] = {}
    for runtime in runtimes:
        timing = None
        for step in time_models(
            [blueprints[name] for name in ordered],
            runtime,
            workload,
            seed=0,
            wait=True,
            should_stop=should_stop,
            on_step=on_step,
            instruments=tools,
        ):
            timing = step.result
            on_step(replace(step, subject=runtime))
        if timing is None or not timing.complete:
            return None
        machine = this_machine(runtime_kind(runtime).libraries, threads=workload.threads)
        found[runtime] = RuntimeTimes(
            workload=str(workload),
            fingerprint=machine.to_dict(),
            noise_ok=timing.noise.ok,
            noise=tuple(to_json(timing.noise.reasons)),
            models={
                name: TimedModel(
                    median_ms=latency.median_ms,
                    low_ms=latency.low_ms,
                    high_ms=latency.high_ms,
                    p95_ms=latency.p95_ms,
                )
                for name, latency in zip(ordered, timing.latencies, strict=True)
            },
        )
    return found


def latencies_of(
    setup: "TaskSetup",
    picks: Sequence[Architecture],
    task: TaskSpec,
    *,
    on_step: OnStep = ignore,
    should_stop: Callable[[], bool] = never,
) -> dict[str, RuntimeTimes] | None:
    """Time the picks together with their teacher and landmarks of similar size.

    `task` has the texts, if the study times from text to label. Results are named by architecture
    id, `TEACHER`, or the landmark's `landmark_key`. See `measure_latencies`.
    """
    spec, space = setup.spec, setup.space
    blueprints = {a.id: Blueprint.of(space, a) for a in picks}
    for architecture in picks:
        mark = nearest_landmark(int(space.parameter_count[space.index(architecture)]))
        blueprints[landmark_key(mark.name)] = mark.blueprint
    teacher = bert_blueprint(setup.teacher.config)
    if teacher is not None:
        blueprints[TEACHER] = teacher
    texts = None
    if spec.latency.text_to_label:
        texts = text_work(
            task,
            space,
            batch_size=spec.latency.batch_size,
            source=spec.training.source,
            max_length=spec.training.max_length,
            on_step=on_step,
        )
    return measure_latencies(
        blueprints,
        space,
        spec.latency,
        spec.runtimes,
        texts=texts,
        on_step=on_step,
        should_stop=should_stop,
    )
