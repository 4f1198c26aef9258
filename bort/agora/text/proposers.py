"""The samplers of a text task by name, in whatever space is asked for."""

from bort.agora.loop.parts import Represent, Sampler
from bort.agora.loop.retrieval import Pool, RetrievalSampler
from bort.agora.loop.samplers import MixtureSampler
from bort.agora.loop.values import Inputs, joined
from bort.agora.text.edits import EditSampler
from bort.agora.text.mixes import MixByEdits, MixByRetrieval, Partners
from bort.agora.text.spec import SHARES
from bort.agora.text.tokens import TextTokens
from bort.agora.text.words import WordTable
from bort.core.errors import InvalidOptionError


class Proposers:
    """Makes samplers.

    Args:
        tokens: reads texts.
        words: words that may stand in new texts.
        train: training inputs, one or more.
        pool: unlabelled inputs; may be empty.

    Attributes:
        items: training inputs, then the pool.
    """

    def __init__(self, tokens: TextTokens, words: WordTable, train: Inputs, pool: Inputs) -> None:
        self._tokens, self._words, self._pool_items = tokens, words, pool
        self.items = joined([train, pool])

    def sampler(self, name: str, represent: Represent) -> Sampler:
        """The sampler of that name, one of `bort.agora.text.spec.SAMPLERS`.

        Raises:
            InvalidOptionError: retrieval without a pool.
        Cost: one representation of training texts and pool.
        """
        if name == "edits":
            return EditSampler(self._words, self._tokens)
        if name == "retrieval" and not len(self._pool_items):
            raise InvalidOptionError(
                "there is no pool of unlabelled texts to retrieve from; keep fewer labels with "
                "--labelled, give --pool FILE, or choose --sampler edits"
            )
        if name == "retrieval":
            return RetrievalSampler(self._pool(represent), represent)
        if name == "mix":
            return self._mix(represent)
        if not len(self._pool_items):
            made = {"edits": self.sampler("edits", represent), "mix": self._mix(represent)}
        else:
            pool = self._pool(represent)
            made = {
                "retrieval": RetrievalSampler(pool, represent),
                "edits": self.sampler("edits", represent),
                "mix": MixByRetrieval(pool, self._partners(represent), represent),
            }
        return MixtureSampler([(sampler, SHARES[key]) for key, sampler in made.items()])

    def _mix(self, represent: Represent) -> Sampler:
        partners = self._partners(represent)
        if len(self._pool_items):
            return MixByRetrieval(self._pool(represent), partners, represent)
        return MixByEdits(self._words, self._tokens, partners, represent)

    def _pool(self, represent: Represent) -> Pool:
        return Pool(self._pool_items, represent(self._pool_items))

    def _partners(self, represent: Represent) -> Partners:
        return Partners(self.items, represent(self.items))
