"""Check up front that space, source network, teacher and task fit together. Imports no torch."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bort.core.errors import InvalidModelError, InvalidSpaceError
from bort.families import SearchSpace
from bort.training.source import SourceNetwork

# The teacher's fine-tuning; docs/models.md has the evidence. It is decided here, not with the
# training, so that its time can be estimated without torch.
BATCH_SIZE = 32
TEACHER_RATE = 2e-4
GENTLE_RATE = 5e-5  # after a contrastive start, which a higher one undoes
CONTRAST_RATE = 1e-4
CONTRAST_STEPS, CONTRAST_MOST_TEXTS = 150, 500
HEAD_STEPS = 1000  # of pooler and classifier alone, on stored states: seconds
FEWEST_STEPS, MOST_EPOCHS = 300, 20  # small training sets are read more often
TEACHER_EVALUATIONS, TEACHER_PATIENCE = 12, 6  # on dev; most is won while the rate falls

# A candidate's short training; docs/training.md has the evidence.
FEWEST_CANDIDATE_STEPS, MOST_CANDIDATE_EPOCHS = 200, 2.0


def teacher_steps(examples: int, classes: int) -> int:
    """Compute at most how many steps fine-tune the teacher on `examples` training texts.

    More classes need more epochs: 3 for two classes, 8 from 64 on.

    Examples:
        >>> teacher_steps(7398, 2), teacher_steps(9163, 77), teacher_steps(500, 2)
        (693, 2288, 300)
    """
    per_epoch = max(1, examples // BATCH_SIZE)
    epochs = min(8, 2 + math.log2(classes))
    return max(round(epochs * per_epoch), min(FEWEST_STEPS, MOST_EPOCHS * per_epoch))


def contrast_steps(examples: int) -> int:
    """Compute how many contrastive steps a teacher starts with on `examples` training texts."""
    return CONTRAST_STEPS if examples <= CONTRAST_MOST_TEXTS else 0


def candidate_steps(examples: int, classes: int) -> int:
    """Compute the steps of a candidate's short training on `examples` training texts.

    One epoch for two classes, two from four on.

    Examples:
        >>> candidate_steps(7398, 2), candidate_steps(9163, 77), candidate_steps(500, 2)
        (231, 572, 200)
    """
    per_epoch = max(1, examples // BATCH_SIZE)
    epochs = min(MOST_CANDIDATE_EPOCHS, math.log2(max(2, classes)))
    return max(FEWEST_CANDIDATE_STEPS, round(epochs * per_epoch))


def check_reads_text(space: SearchSpace) -> None:
    """Check that the family's models read text.

    Raises:
        InvalidSpaceError: they do not (perceptrons, image models).
    """
    for part in space.parts:
        if "vocabulary" not in {*part.fixed, *part.dimensions}:
            raise InvalidSpaceError(
                f"models of the family {part.family_name!r} do not read text; "
                "search a space of another family, such as bert"
            )


def check_vocabulary(source: SourceNetwork, space: SearchSpace) -> None:
    """Check that the space and the source network have the same number of tokens, or that the
    space lists no larger vocabularies than the source's.

    Raises:
        InvalidModelError: the numbers do not fit.
    """
    found = source.config.get("vocab_size")
    largest = max(space.vocabularies, default=0)
    if found is not None and largest > found:
        raise InvalidModelError(
            f"the space {space.name!r} lists a vocabulary of {largest}, but {source.name} has only "
            f"{found} tokens; list {found} or less"
        )
    for part in space.parts:
        counted = part.fixed.get("vocabulary", found)
        if found != counted:
            raise InvalidModelError(
                f"{source.name} has a vocabulary of {found} tokens, but the space {space.name!r} "
                f"has {counted}; set `vocabulary = {found}` under [fixed] in the space's file"
            )


def check_pairs(space: SearchSpace, *, has_pairs: bool) -> None:
    """Check that a space's models can tell the two texts of a pair apart, if the task has pairs.

    Raises:
        InvalidSpaceError: they have one segment.
    """
    if has_pairs and any(part.fixed.get("types") == 1 for part in space.parts):
        raise InvalidSpaceError(
            f"models of the space {space.name!r} have one segment, but the task has pairs of "
            "texts; set `types = 2` under [fixed] in the space's file"
        )


def labels_of(config: Mapping[str, Any]) -> list[str]:
    """Read the names of a classifier's outputs from its config.json.

    Examples:
        >>> labels_of({"id2label": {"1": "good", "0": "bad"}}), labels_of({})
        (['bad', 'good'], ['LABEL_0', 'LABEL_1'])
    """
    named = config.get("id2label")
    if isinstance(named, Mapping) and named:
        return [str(named[key]) for key in sorted(named, key=int)]
    count = config.get("num_labels", 2)  # the default of transformers
    return [f"LABEL_{i}" for i in range(count)]


def label_order(found: Sequence[str], class_names: Sequence[str], name: str) -> list[int]:
    """Find the classifier's output for each class of the task.

    Unnamed outputs (LABEL_0, ...) are taken in order.

    Args:
        found: names of the outputs, see `labels_of`.
        name: the classifier's name, for the message.
    Raises:
        InvalidModelError: the number of labels or their names differ.
    """
    wanted = [_normalised(c) for c in class_names]
    if sorted(found) == sorted(class_names):  # some may differ in case alone
        return [list(found).index(c) for c in class_names]
    if len(found) == len(wanted):
        if all(label == f"LABEL_{i}" for i, label in enumerate(found)):
            return list(range(len(found)))
        labels = [_normalised(label) for label in found]
        if sorted(labels) == sorted(wanted) and len(set(wanted)) == len(wanted):
            return [labels.index(c) for c in wanted]
    raise InvalidModelError(
        f"{name} has the labels {', '.join(found)}, but the task has {', '.join(class_names)}; "
        "choose a teacher with the task's labels"
    )


def _normalised(label: str) -> str:
    return label.strip().casefold()
