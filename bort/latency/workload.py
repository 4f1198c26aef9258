"""The workload, the blueprints to build for it, and the interface of runtimes."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bort.core.architecture import Architecture
from bort.core.errors import InvalidOptionError, InvalidProfileError
from bort.core.machine import logical_cpus, usable_cores
from bort.core.serialise import to_json
from bort.core.study import LatencySpec
from bort.families import Family, SearchSpace
from bort.latency.protocol import FloatArray, Run

# On four tasks, means over 8 lengths were within 0.5% of those over all lengths; one length was 3
# to 7% off.
STAND_FOR_ALL = 8

TOKENS = "tokens"
"""The term that counts the tokens of a batch, which tokenizing and padding take time for."""


Text = str | tuple[str, str]  # a pair for a task with two text columns


class Counted(Protocol):
    """Architectures whose operations can be counted, a `SearchSpace` for example."""

    @property
    def vocabulary_sizes(self) -> NDArray[np.int64]:
        """The sizes of their vocabularies, shape (N,); 0 for those that read no text."""
        ...

    def operation_terms(self, batch_size: int, sequence_length: int) -> Mapping[str, FloatArray]:
        """Return the terms by name, each of shape (N,)."""
        ...


@dataclass(frozen=True, slots=True)
class Workload:
    """One forward pass: `batch_size` texts of `sequence_length` tokens on `threads` threads.

    Attributes:
        lengths: for texts of several lengths. One pass of each is timed, and the latency is
            the mean; `sequence_length` is then the rounded mean length.
        lengths_from: the task whose texts have these lengths.
        by_vocabulary: if the time is that from text to label (tokenizer, padding, network and
            softmax), the lengths of the same texts by size of the vocabulary that reads them;
            `lengths` are those of the largest one.
    """

    batch_size: int
    sequence_length: int
    threads: int
    lengths: tuple[int, ...] = ()
    lengths_from: str = ""
    by_vocabulary: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        found = [*self.lengths, *(n for lengths in self.by_vocabulary.values() for n in lengths)]
        if min(self.batch_size, self.sequence_length, self.threads, *found) < 1:
            raise ValueError(f"nothing can be measured with {self}")

    def __str__(self) -> str:
        lengths = f"sequence {self.sequence_length}"
        if self.lengths:
            lengths = (
                f"texts of {min(self.lengths)} to {max(self.lengths)} tokens "
                f"(as in {self.lengths_from})"
            )
        return (
            f"{'text to label, ' if self.by_vocabulary else ''}batch {self.batch_size}, {lengths}, "
            f"{self.threads} thread{'' if self.threads == 1 else 's'}"
        )

    @property
    def longest(self) -> int:
        """The number of tokens of the longest text."""
        every = (self.lengths, *self.by_vocabulary.values())
        return max((n for lengths in every for n in lengths), default=self.sequence_length)

    @property
    def passes(self) -> "tuple[Workload, ...]":
        """The passes of one timed run, each of one length."""
        return self.passes_for(0)

    def passes_for(self, vocabulary: int) -> "tuple[Workload, ...]":
        """The passes of a network with a vocabulary of this size, which may read other lengths."""
        lengths = self.by_vocabulary.get(str(vocabulary), self.lengths)
        return tuple(
            Workload(self.batch_size, length, self.threads)
            for length in lengths or (self.sequence_length,)
        )

    @classmethod
    def of_lengths(
        cls, lengths: Sequence[int], *, batch_size: int, threads: int, origin: str
    ) -> "Workload":
        """Make a workload of texts with this distribution of lengths.

        Eight lengths represent all: the middles of eight equal parts of the sorted lengths.
        """
        ordered = np.sort(np.asarray(lengths))
        middles = ordered[
            (len(ordered) * (2 * np.arange(STAND_FOR_ALL) + 1)) // (2 * STAND_FOR_ALL)
        ]
        chosen = tuple(int(length) for length in middles)
        return cls(batch_size, round(sum(chosen) / len(chosen)), threads, chosen, origin)

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON values, with `lengths` and `lengths_from` only if there are several."""
        values: dict[str, Any] = to_json(self)
        if not self.lengths:
            del values["lengths"], values["lengths_from"]
        if not self.by_vocabulary:
            del values["by_vocabulary"]
        return values

    def terms(self, counted: Counted) -> dict[str, FloatArray]:
        """Compute operation terms of N architectures, means over the lengths, each shape (N,)."""
        if not self.by_vocabulary:
            return _mean_terms(counted, self.passes)
        sizes = counted.vocabulary_sizes
        found: dict[str, FloatArray] = {}
        for size in np.unique(sizes).tolist():
            if str(size) not in self.by_vocabulary:
                raise InvalidProfileError(
                    f"the time from text to label was measured with vocabularies of "
                    f"{', '.join(self.by_vocabulary)} pieces, not with {size}; measure again"
                )
            passes, rows = self.passes_for(size), sizes == size
            terms = _mean_terms(counted, passes)
            read = sum(one.batch_size * one.sequence_length for one in passes) / len(passes)
            terms[TOKENS] = np.full(len(sizes), float(read))
            for name, values in terms.items():
                found.setdefault(name, np.zeros(len(sizes)))[rows] = values[rows]
        return found


def _mean_terms(counted: Counted, passes: Sequence[Workload]) -> dict[str, FloatArray]:
    each = [counted.operation_terms(one.batch_size, one.sequence_length) for one in passes]
    if len(each) == 1:
        return dict(each[0])
    return {
        name: np.mean([np.asarray(terms[name], dtype=np.float64) for terms in each], axis=0)
        for name in each[0]
    }


@dataclass(frozen=True, slots=True)
class Blueprint:
    """An architecture with everything needed to build its model."""

    family: Family
    architecture: Architecture
    fixed: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, space: SearchSpace, architecture: Architecture) -> "Blueprint":
        """Make the blueprint of an architecture of a space."""
        own, alone = space.member(architecture)
        return cls(own.family, alone, own.fixed)

    @property
    def key(self) -> str:
        """A key that identifies the blueprint among those of all spaces."""
        fixed = json.dumps(dict(self.fixed), sort_keys=True)
        digest = hashlib.sha256(fixed.encode()).hexdigest()[:8]
        return f"{self.family.name} {self.architecture.id} {digest}"

    @property
    def vocabulary(self) -> int:
        """The size of its vocabulary; 0 if it reads no text."""
        sizes = {**self.family.defaults, **self.fixed, **self.architecture.as_dict()}
        return int(sizes.get("vocabulary", 0))

    def parameter_count(self, *, effective: bool = False) -> int:
        """Count the trainable parameters; `effective` leaves out the embedding layer."""
        columns = {name: np.array([size]) for name, size in self.architecture.as_dict().items()}
        count = self.family.effective_parameter_count if effective else self.family.parameter_count
        return int(count(columns, self.fixed)[0])


class Runtime(Protocol):
    """An inference engine, set up for one workload.

    It sets the number of threads while it is open; `close` restores it. Every runtime must run
    BERTs, because the reference models of `bort.latency.pace` are BERTs.
    """

    def prepare(self, blueprint: Blueprint) -> Run:
        """Build the model with random weights; the result runs one pass of each length.

        Prepare the largest first: in some runtimes all models share its memory.
        """
        ...

    def close(self) -> None:
        """Restore all changed settings and free everything built."""
        ...


class TextLengths(NamedTuple):
    """A function that returns the lengths of a task's texts, in tokens."""

    task: str
    tokens: Sequence[int]


@dataclass(frozen=True)
class TextWork:
    """Texts of a task, and the tokenizers that read them.

    Attributes:
        task: the task's name.
        batches: the texts of each pass, all batches of the same number.
        tokenizers: a `tokenizers.Tokenizer` by size of vocabulary, each cuts texts where its
            networks do.
    """

    task: str
    batches: tuple[tuple[Text, ...], ...]
    tokenizers: Mapping[int, Any]

    def workload(self, threads: int) -> Workload:
        """Make the workload of these texts; a batch is as long as its longest text."""
        read = {
            str(size): tuple(
                max(len(tokenizer.encode(*parts_of(text)).ids) for text in batch)
                for batch in self.batches
            )
            for size, tokenizer in sorted(self.tokenizers.items())
        }
        lengths = list(read.values())[-1]
        mean = round(sum(lengths) / len(lengths))
        return Workload(len(self.batches[0]), mean, threads, lengths, self.task, read)


class TextSource(NamedTuple):
    """Texts of a task that are read only if something is measured with them.

    `digest` identifies the texts and how they are cut.
    """

    digest: str
    read: Callable[[], TextWork]


def parts_of(text: Text) -> tuple[str, ...]:
    """Return a text as a tuple of one, and a pair as it is."""
    return (text,) if isinstance(text, str) else text


def workload_of(
    spec: LatencySpec, space: SearchSpace, lengths: TextLengths | TextWork | None = None
) -> Workload:
    """Make the workload of a spec, checked against this machine and space.

    Args:
        lengths: lengths of a task's texts, or the texts, instead of the spec's one length.
    Raises:
        InvalidOptionError: texts longer than the models' positions, or more threads than the
            machine has.
    """
    threads = check_threads(spec.threads)
    workload = Workload(spec.batch_size, spec.sequence_length, threads)
    if isinstance(lengths, TextWork):
        workload = lengths.workload(threads)
    elif lengths is not None:
        workload = Workload.of_lengths(
            lengths.tokens, batch_size=spec.batch_size, threads=threads, origin=lengths.task
        )
    whose = f"the models in {space.name!r}"
    check_length(workload.longest, space.positions, whose)
    return workload


def check_length(sequence_length: int, positions: int | None, whose: str) -> None:
    """Check that models can read texts of this length.

    Raises:
        InvalidOptionError: the models have fewer positions.
    """
    if positions is not None and sequence_length > positions:
        raise InvalidOptionError(
            f"sequence length {sequence_length} is more than the {positions} positions of "
            f"{whose}; choose {positions} or less"
        )


def check_threads(threads: int | None) -> int:
    """Check a number of threads; return the number of usable cores for None.

    Raises:
        InvalidOptionError: more than the machine has.
    """
    most = max(usable_cores(), logical_cpus())
    if threads is not None and threads > most:
        raise InvalidOptionError(
            f"{threads} threads were requested, but this machine has {most}; choose {most} or fewer"
        )
    return threads or usable_cores()
