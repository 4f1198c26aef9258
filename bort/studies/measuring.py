"""Measure this machine for a space or a study and store the result, for commands and jobs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from bort.core.architecture import Architecture
from bort.core.errors import InvalidOptionError, InvalidProfileError
from bort.core.measuring import MeasureSpec, WinnersSpec
from bort.core.progress import OnStep, ProgressTo, ignore
from bort.core.study import StudySpec
from bort.families import SearchSpace
from bort.latency.kept_rounds import KeptRounds
from bort.latency.pace import PaceFiles
from bort.latency.profile import LatencyProfile
from bort.latency.protocol import HANDFUL, Protocol
from bort.latency.runtimes import open_runtime
from bort.latency.runtimes.text import opening_texts
from bort.latency.space import choose_sample, measure, measure_front
from bort.latency.stored import check_new_name, keep_profile, profile_key, study_profile_of
from bort.latency.timing import Instruments, never
from bort.latency.workload import Runtime, TextLengths, TextWork, Workload
from bort.storage import Store
from bort.studies.answers import read_answer
from bort.studies.parts import LENGTHS, MEASURE, WORKLOAD
from bort.tasks import anchored
from bort.training.text_work import text_source, text_work
from bort.training.tokens import text_lengths


def describe_measurement(store: Store, space: SearchSpace, given: Mapping[str, Any]) -> MeasureSpec:
    """Describe a measurement of a space, and check that it is possible here.

    Args:
        given: values by option, of the parts MEASURE, LENGTHS and WORKLOAD.
    Raises:
        BortError: a name is taken, or a count, runtime, length or number of threads cannot be.
    """
    lengths = LENGTHS.build(given) if given.get("lengths_from") else None
    if lengths is not None and "sequence_length" in given:
        raise InvalidOptionError(
            "--sequence-length and --lengths-from both set the length; leave one out"
        )
    if given.get("text_to_label") and lengths is None:
        raise InvalidOptionError(
            "--text-to-label needs texts; name the task that they are from with --lengths-from"
        )
    if lengths is not None:
        lengths = anchored(lengths)
    latency = WORKLOAD.build(given)
    spec = MEASURE.build(given, space=space.to_dict(), latency=latency, lengths_from=lengths)
    choose_sample(space, latency, spec.count)
    if spec.name is not None:
        check_new_name(store, spec.name)
    return spec


def measure_sample(
    store: Store,
    spec: MeasureSpec,
    *,
    should_stop: Callable[[], bool] = never,
    on_step: OnStep = ignore,
    kept: KeptRounds | None = None,
    continues: bool = False,
) -> Iterator[ProgressTo[LatencyProfile]]:
    """Measure a sample of a space; the profile is stored after the last step.

    Args:
        should_stop: see `bort.latency.space.measure`.
        on_step: called while it waits, and while texts are read if their lengths come from a task.
        kept: keeps complete rounds for another attempt.
        continues: this is another attempt, and replaces what the earlier one has stored.
    """
    space = SearchSpace.from_dict(spec.space)
    lengths, open_it = _texts(spec, space, on_step)
    profile = None
    for step in measure(
        space,
        spec.latency,
        count=spec.count,
        lengths=lengths,
        seed=spec.seed,
        name=spec.name,
        wait=spec.wait,
        should_stop=should_stop,
        on_step=on_step,
        instruments=Instruments(
            open_runtime=open_it,
            protocol=Protocol().lasting(spec.minutes),
            paces=PaceFiles(is_new=spec.new_pace),
        ),
        kept=kept,
    ):
        yield step
        profile = step.result
    if profile is not None:
        # Profiles of several lengths are used only by name, because the key has one length.
        key = None if lengths else profile_key(space, spec.latency)
        keep_profile(store, profile, key, continues=continues)


def _texts(
    spec: MeasureSpec, space: SearchSpace, on_step: OnStep
) -> tuple[TextLengths | TextWork | None, Callable[[str, Workload], Runtime]]:
    """Read the texts to time networks with, and say how to open a runtime that reads them."""
    if spec.lengths_from is None:
        return None, open_runtime
    if not spec.text_to_label:
        return text_lengths(spec.lengths_from, on_step=on_step), open_runtime
    batch_size = spec.latency.batch_size
    texts = text_work(spec.lengths_from, space, batch_size=batch_size, on_step=on_step)
    return texts, opening_texts(texts, open_runtime)


def _same_texts(spec: StudySpec, profile: LatencyProfile) -> TextWork:
    """The texts that a study's profile was measured with, from text to label."""
    asked = replace(spec.latency, text_to_label=True, batch_size=profile.workload.batch_size)
    source = text_source(replace(spec, latency=asked))
    texts = None if source is None else source.read()
    if texts is None or texts.workload(profile.workload.threads) != profile.workload:
        raise InvalidProfileError(
            f"the latency of {spec.name!r} was measured with other texts than this task's; search "
            "with --text-to-label to measure it with these"
        )
    return texts


def measure_winners(
    store: Store,
    spec: WinnersSpec,
    *,
    name: str | None = None,
    should_stop: Callable[[], bool] = never,
    on_step: OnStep = ignore,
    kept: KeptRounds | None = None,
    continues: bool = False,
) -> Iterator[ProgressTo[LatencyProfile]]:
    """Measure a study's front, and store the latencies.

    Args:
        name: of the profile; by default made from study, runtime and time.
        should_stop, on_step, kept, continues: see `measure_sample`.
    Raises:
        InvalidProfileError: at the first step, if the study's latency is not measured yet.
        Whatever `bort.latency.space.measure_front` raises.
    """
    profile = study_profile_of(store, spec.study)
    answer = read_answer(store, spec.study)
    tools, found = Instruments(protocol=HANDFUL.lasting(spec.minutes)), None
    if profile.workload.by_vocabulary:
        texts = _same_texts(answer.spec, profile)
        tools = replace(tools, open_runtime=opening_texts(texts, tools.open_runtime))
    for step in measure_front(
        SearchSpace.from_dict(answer.spec.space),
        profile,
        [Architecture.of(**point.architecture) for point in answer.front],
        study=spec.study,
        seed=spec.seed,
        name=name,
        wait=spec.wait,
        should_stop=should_stop,
        on_step=on_step,
        instruments=tools,
        kept=kept,
    ):
        yield step
        found = step.result
    if found is not None:
        keep_profile(store, found, continues=continues)
