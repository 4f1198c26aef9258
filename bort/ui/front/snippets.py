"""Texts to copy: a configuration as code, a reading as a command. Pure."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

# Our dimension or fixed value -> the argument of `transformers.BertConfig`.
_BERT_ARGUMENTS = {
    "depth": "num_hidden_layers",
    "heads": "num_attention_heads",
    "hidden": "hidden_size",
    "intermediate": "intermediate_size",
    "vocabulary": "vocab_size",
    "positions": "max_position_embeddings",
    "types": "type_vocab_size",
    "labels": "num_labels",
}


def config_code(space: Mapping[str, Any], architecture: Mapping[str, int]) -> str:
    """Python that describes an architecture: a `BertConfig`, or plain values elsewhere.

    Examples:
        >>> print(config_code({"family": "bert", "fixed": {"vocabulary": 30522}}, {"depth": 4}))
        from transformers import BertConfig
        <BLANKLINE>
        config = BertConfig(
            num_hidden_layers=4,
            vocab_size=30522,
        )
    """
    values = {**architecture, **space.get("fixed", {})}
    if space.get("family") == "bert":
        lines = [f"    {_BERT_ARGUMENTS.get(name, name)}={v}," for name, v in values.items()]
        head = "from transformers import BertConfig\n\nconfig = BertConfig("
        return "\n".join([head, *lines, ")"])
    lines = [f"    {name!r}: {value!r}," for name, value in values.items()]
    return "\n".join([f"# family: {space.get('family')}", "architecture = {", *lines, "}"])


def front_command(study: str, *, epsilon: float, weights: Sequence[float]) -> str:
    """The command that reads the same front.

    Examples:
        >>> front_command("quick", epsilon=0.1, weights=(1.0, 2.0, 1.0))
        'bort front --study quick --epsilon 0.1 --weights 1,2,1'
    """
    texts = ",".join(f"{weight:g}" for weight in weights)
    return shlex.join(
        ["bort", "front", "--study", study, "--epsilon", f"{epsilon:g}", "--weights", texts]
    )
