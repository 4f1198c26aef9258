"""Derive a text run's student, loop options and name from its description."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bort.agora.loop import AgoraOptions
from bort.core.agora import EDITS, SKLEARN, SOURCE, WORDS, TextSpec
from bort.core.architecture import Architecture
from bort.core.errors import InvalidOptionError
from bort.core.study import check_name
from bort.families import FamilySpace, SearchSpace

# Classifiers that predict probabilities from sparse, non-negative features: their modules and
# options. No other class is ever built.
CLASSIFIERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "BernoulliNB": ("naive_bayes", {}),
    "ComplementNB": ("naive_bayes", {}),
    "ExtraTreesClassifier": ("ensemble", {"n_estimators": 200}),
    "KNeighborsClassifier": ("neighbors", {"n_neighbors": 15, "metric": "cosine"}),
    "LogisticRegression": ("linear_model", {"C": 10.0, "max_iter": 1000}),
    "MultinomialNB": ("naive_bayes", {}),
    "RandomForestClassifier": ("ensemble", {"n_estimators": 200}),
    "SGDClassifier": ("linear_model", {"loss": "log_loss"}),
}
PLAIN, RANDOM, AGORA = "plain", "random", "agora"  # the arms of a comparison
HALF, DOUBLE = "-half", "-double"  # an arm with half, or twice, as many points
ARMS = (AGORA, AGORA + HALF, PLAIN, RANDOM, RANDOM + HALF)
BENCH_ARMS = (*ARMS, RANDOM + DOUBLE)
MANY_TEXTS, MOST_COPIES = 20_000, 8  # synthetic texts to distil from, in all and per text
DISTIL_EPOCHS = 2
BERT_DIMENSIONS = ("depth", "heads", "hidden", "intermediate")
# Each sampler's share in a mixture. Without a pool, samplers that need one are left out.
SHARES: Mapping[str, float] = {"retrieval": 0.85, "edits": 0.05, "mix": 0.1}


def student_of(spec: TextSpec) -> tuple[FamilySpace, Architecture]:
    """Return the student's space and its architecture.

    Raises:
        InvalidArchitectureError: it is not in the space.
    """
    space = SearchSpace.from_dict(spec.space)
    return space.member(space.named(spec.architecture))


def options_of(spec: TextSpec, *, radius: float) -> AgoraOptions:
    """Return the loop's options."""
    return AgoraOptions(
        radius=radius,
        rounds=spec.rounds,
        points=spec.points,
        points_per_error=spec.points_per_error,
        points_per_round=spec.points_per_round,
        hyperparameter_sets=tuple({"learning_rate": r} for r in spec.training.learning_rates)
        or ({},),
        patience=spec.patience,
        replays=spec.replays,
        trusted_only=spec.trusted_only,
        seed=spec.seed,
    )


def synthetic_copies(known: int) -> int:
    """Choose how many synthetic texts to make of each of the `known` texts for distillation."""
    return min(max(MANY_TEXTS // max(known, 1), 1), MOST_COPIES)


def check_text_spec(spec: TextSpec) -> None:
    """Check that the student exists, and the labeler if it is from scikit-learn.

    Raises:
        InvalidArchitectureError: the student is not in the space.
        InvalidOptionError: the labeler's class is not allowed, or the student has a vocabulary of
            its own.
    """
    space, _ = student_of(spec)
    if space.vocabularies:
        raise InvalidOptionError(
            f"a student of the space {space.name!r} has a vocabulary of its own, which new texts "
            "might not fit; choose one of another space, for example with "
            "--architecture 2-2-128-512 and without --from-study"
        )
    if spec.labeler.startswith(SKLEARN):
        check_classifier(spec.labeler.removeprefix(SKLEARN))


def check_classifier(name: str) -> str:
    """Return `name` if this scikit-learn class is allowed.

    Raises:
        InvalidOptionError: the class is not allowed.
    """
    if name not in CLASSIFIERS:
        raise InvalidOptionError(
            f"{name!r} is not a scikit-learn classifier that can be used as a labeler; choose "
            f"one of {', '.join(CLASSIFIERS)}"
        )
    return name


def usual_representation(sampler: str, *, has_pool: bool) -> str:
    """Choose a space for distances that never costs more than the training.

    The source network has to read a pool only once. But it would have to read every new text, which
    takes several times as long as training a round (docs/agora.md, "Speed").
    """
    return SOURCE if has_pool and sampler != EDITS else WORDS


def small_space(architecture: str, source: Mapping[str, Any]) -> SearchSpace:
    """Make a space with a single BERT, given as DEPTH-HEADS-HIDDEN-INTERMEDIATE.

    Args:
        source: the source network's configuration; the student uses the same tokens.

    Raises:
        InvalidArchitectureError: the text is not four whole numbers.
        InvalidSpaceError: no model can have these dimensions.

    Examples:
        >>> small_space("2-2-128-512", {}).architecture(0).id
        '2-2-128-512'
    """
    sizes = Architecture.from_id(architecture, BERT_DIMENSIONS).as_dict()
    dimensions = {name: (size,) for name, size in sizes.items()}
    counted = {"vocabulary": "vocab_size", "positions": "max_position_embeddings"}
    fixed = {name: source[key] for name, key in counted.items() if key in source}
    return FamilySpace(name=architecture, family_name="bert", dimensions=dimensions, fixed=fixed)


def suggested_study(task: str, architecture: str) -> str:
    """Suggest a name for a run on this task (a name, file or `hub:ID`)."""
    stem = Path(task.replace(":", "-")).stem
    name = "".join(c if c.isalnum() and c.isascii() else "-" for c in stem).strip("-")
    return check_name(f"agora-{name or 'task'}-{architecture}"[:80])
