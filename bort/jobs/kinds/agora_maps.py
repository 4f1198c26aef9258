"""The maps of a run: the job fits them and inserts each round's points, a page only reads."""

from collections.abc import Iterable
from functools import cached_property

import numpy as np

from bort.agora.loop import Round, as_inputs
from bort.agora.loop.values import FloatArray
from bort.agora.maps import KINDS, BaseMap, base_map, restored
from bort.agora.world import World
from bort.core.errors import StoreError
from bort.jobs.runtime.context import JobContext
from bort.storage import EventCode
from bort.storage.agora import has_places, read_places, write_places


class RunMaps:
    """Stores the places of a run's items, if they are no places already."""

    def __init__(self, context: JobContext, world: World) -> None:
        self._context, self._world = context, world

    def keep(self, rounds: Iterable[Round]) -> None:
        """Store the dev items' places once, and those of the rounds' points.

        If they cannot be written, the run continues without its map, and the log says so.
        """
        job = self._context.job
        try:
            for r in rounds if self._bases else ():
                if not r.points or has_places(job, r.number):
                    continue
                vectors = self._world.map_vectors(as_inputs([point.value for point in r.points]))
                if vectors is not None:
                    write_places(job, r.number, self._inserted(vectors))
        except StoreError as error:
            self._context.warn(EventCode.MAP_WITHOUT_VECTORS, message=str(error))

    def _inserted(self, vectors: FloatArray) -> dict[str, FloatArray]:
        found = {}
        for kind, base in self._bases.items():
            found[kind], off = base.insert(vectors)
        return {**found, "off": off.astype(float)}

    @cached_property
    def _bases(self) -> dict[str, BaseMap]:
        """The fitted maps by kind; none if the items are places themselves, or too few."""
        job = self._context.job
        anchors = self._world.map_vectors(self._world.task.dev.inputs)
        if anchors is None:
            return {}
        stored = read_places(job, None) or {}
        if all(len(stored.get(kind, ())) == len(anchors) for kind in KINDS):
            return {kind: restored(anchors, stored[kind].astype(float)) for kind in KINDS}
        fitted = {kind: base_map(anchors, kind) for kind in KINDS}
        bases: dict[str, BaseMap] = {k: base for k, base in fitted.items() if base is not None}
        arrays = {kind: base.places for kind, base in bases.items()}
        kept = {f"{k}-kept": np.array([b.kept.share, b.kept.chance]) for k, b in bases.items()}
        if bases:
            write_places(job, None, arrays | kept)
        return bases
