"""A configuration must fit its weights before anything of its size is built."""

import json
import time

import pytest
from tiny import write_source

from bort.core.errors import InvalidModelError
from bort.training.plausible import check_plausible
from bort.training.source import source_network
from bort.training.source_check import check_source


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("num_hidden_layers", 10**6),
        ("vocab_size", 10**5),
        ("hidden_size", 10**9),
        ("intermediate_size", 10**7),
        ("max_position_embeddings", 10**18),
    ],
)
def test_an_absurd_size_is_refused_at_once(tmp_path, key, value):
    folder = write_source(tmp_path / "source")
    config = json.loads((folder / "config.json").read_text())
    check_plausible(config, folder, "tiny")
    (folder / "config.json").write_text(json.dumps({**config, key: value}))
    began = time.monotonic()
    with pytest.raises(InvalidModelError, match=f"says {key} = {value}, but there are only"):
        check_source(source_network(str(folder)))
    assert time.monotonic() - began < 5
