"""Build a candidate: an architecture over the task's tokens, with its initial weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bort.core.architecture import Architecture
from bort.core.errors import InvalidSpaceError
from bort.core.study import Initialise
from bort.families import OWN_NETWORKS, FamilySpace
from bort.training.donor import WORDS, Donor
from bort.training.fit import check_reads_text
from bort.training.inheritance import inherit
from bort.training.limits import OFFSET_POSITIONS
from bort.training.reduction import principal_axes
from bort.training.tokens import EncodedTask
from bort.training.vectors import inherit_vectors, piece_shares
from bort.training.vocabulary import expanded_weights

FRESH_DEVIATION = 0.02  # standard deviation of weights that are not inherited: BERT's own


@dataclass(frozen=True)
class Candidate:
    """A model over the task's tokens.

    Attributes:
        model: a sequence classifier whose embedding table has one row per kept token.
        projection: maps the source's word embeddings to the model's, shape (source's hidden,
            model's hidden); None if they began at random.
        seed: the seed of the random weights.
        has_own_vocabulary: its tokens are all that it will ever know, so nothing is expanded.
    """

    model: Any
    projection: Tensor | None
    seed: int
    has_own_vocabulary: bool = False

    def full_weights(self, kept: NDArray[np.int64], words: Tensor) -> dict[str, Tensor]:
        """Return the weights over the whole vocabulary, ready to save.

        Args:
            kept: places of the task's tokens in the vocabulary, ascending.
            words: the source network's embeddings of the whole vocabulary.
        """
        if self.has_own_vocabulary:
            return {name: w.detach() for name, w in self.model.state_dict().items()}
        if self.projection is not None:
            return expanded_weights(self.model, kept, words @ self.projection)
        width = self.model.get_input_embeddings().weight.shape[1]
        generator = torch.Generator().manual_seed(self.seed)
        rows = torch.randn(len(words), width, generator=generator) * FRESH_DEVIATION
        return expanded_weights(self.model, kept, rows)


def build_candidate(
    space: FamilySpace,
    architecture: Architecture,
    encoded: EncodedTask,
    *,
    classes: int,
    initialise: Initialise,
    donor: Donor,
    seed: int,
) -> Candidate:
    """Build `architecture` on the CPU with its initial weights.

    BERT inherits all it can (see `inherit`); other families inherit their word embeddings.

    Args:
        encoded: the task in the candidate's tokens.
        donor: over the same tokens; a BERT also inherits from what it does on texts in them.
    Raises:
        InvalidSpaceError: the family's models do not read text.
    """
    model = build_text_model(
        space,
        architecture,
        vocabulary=len(encoded.kept),
        padding=encoded.padding,
        classes=classes,
        seed=seed,
    )
    if space.family_name in OWN_NETWORKS:
        if initialise == "inherit":
            inherit_vectors(model, donor.weights[WORDS], piece_shares(encoded))
        return Candidate(model, None, seed, has_own_vocabulary=True)
    if initialise == "scratch":
        return Candidate(model, None, seed)
    if space.family_name == "bert":
        return Candidate(model, inherit(model, donor), seed)
    return Candidate(model, _inherit_words(model, donor.weights), seed)


def build_text_model(
    space: FamilySpace,
    architecture: Architecture,
    *,
    vocabulary: int,
    padding: int,
    classes: int,
    seed: int,
) -> Any:
    """Build a sequence classifier over `vocabulary` tokens with random weights from `seed`.

    Raises:
        InvalidSpaceError: the family's models do not read text, or cannot be trained.
    """
    check_reads_text(space)
    fixed, sizes = {**space.fixed, "vocabulary": vocabulary}, architecture.as_dict()
    if space.vocabularies:  # of which the task may use a part
        architecture = Architecture.of(**{**sizes, "vocabulary": vocabulary})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        config = space.family.config(architecture, fixed, num_labels=classes)
        if getattr(config, "model_type", None) in OFFSET_POSITIONS:
            config.pad_token_id = padding  # they count positions from it
        model = space.family.model(config, device="cpu")
    for needed in ("config", "get_input_embeddings"):
        if not hasattr(model, needed):
            raise InvalidSpaceError(
                f"models of the family {space.family_name!r} have no {needed!r}, so they cannot "
                "be trained; give them the interface of a transformers sequence classifier"
            )
    model.config.pad_token_id = padding
    return model.eval()  # dropout off: 200 steps are too few to overfit


@torch.no_grad()
def _inherit_words(model: Any, weights: Mapping[str, Tensor]) -> Tensor:
    words = weights[WORDS]
    table = model.get_input_embeddings().weight
    moment = words.T @ words / len(words)
    projection = principal_axes(moment, words.mean(0), table.shape[1])[0]
    table.copy_(words @ projection)
    return projection
