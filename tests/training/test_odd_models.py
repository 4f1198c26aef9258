"""Source networks and teachers that differ from the default: served, or refused at once."""

import json
import shutil

import numpy as np
import pytest
import tiny
import torch
from safetensors.torch import load_file, save_file

from bort.core.errors import BortError, InvalidModelError
from bort.core.study import TrainingSpec
from bort.families import load_space
from bort.training import fine_tuning
from bort.training.fit import check_pairs
from bort.training.limits import read_limits
from bort.training.model_files import load_classifier
from bort.training.oracle import ErrorOracle
from bort.training.source import SHARDS, WEIGHTS, source_network
from bort.training.source_check import check_source
from bort.training.teacher import TeacherContext, given_teacher
from bort.training.tokens import encode_task, load_tokenizer

WORDS = "embeddings.word_embeddings.weight"
SEGMENTS = "embeddings.token_type_embeddings.weight"


def changed(folder, **fields):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def padded(folder, tensors):
    changed(folder, vocab_size=len(tiny.VOCABULARY) + 7)
    return {**tensors, WORDS: torch.cat([tensors[WORDS], torch.zeros(7, 16)])}


def one_segment(folder, tensors):
    changed(folder, type_vocab_size=1)
    return {**tensors, SEGMENTS: tensors[SEGMENTS][:1]}


def half_precision(folder, tensors):
    changed(folder, dtype="float16")
    return {name: tensor.half() for name, tensor in tensors.items()}


def old_names(folder, tensors):
    del folder
    return {
        f"bert.{n}".replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): tensor
        for n, tensor in tensors.items()
    }


def sharded(folder, tensors):
    names = sorted(tensors)
    files = {name: f"model-0000{1 + i % 2}-of-00002.safetensors" for i, name in enumerate(names)}
    for file in set(files.values()):
        save_file({n: tensors[n] for n in names if files[n] == file}, folder / file)
    (folder / SHARDS).write_text(json.dumps({"weight_map": files}))


def odd_source(place, folder, change):
    shutil.copytree(place / "source", folder)
    tensors = change(folder, load_file(folder / WEIGHTS))
    (folder / WEIGHTS).unlink()
    if tensors is not None:
        save_file(tensors, folder / WEIGHTS)
    return source_network(str(folder))


@pytest.fixture
def hasty(monkeypatch):
    """Fine-tune teachers for two steps."""
    monkeypatch.setattr(fine_tuning, "HEAD_STEPS", 2)
    monkeypatch.setattr(fine_tuning, "teacher_steps", lambda *_: 2)
    monkeypatch.setattr("bort.training.oracle.check_useful", lambda *_, **__: None)


@pytest.mark.parametrize("change", [padded, one_segment, half_precision, old_names, sharded])
def test_odd_source_networks_teach(place, tmp_path, task, change, hasty):
    source = odd_source(place, tmp_path / "odd", change)
    check_source(source)
    text = (place / "tiny.toml").read_text()
    vocabulary = source.config["vocab_size"]
    (tmp_path / "tiny.toml").write_text(text.replace(str(len(tiny.VOCABULARY)), str(vocabulary)))
    space = load_space(str(tmp_path / "tiny.toml"))
    spec = TrainingSpec(source=str(source.folder), steps=2, threads=1)
    oracle = ErrorOracle(task, spec, space, seed=0)
    saved = load_classifier(oracle.teacher.folder, "the saved teacher")
    assert len(saved.get_input_embeddings().weight) == vocabulary
    trained = oracle.train(space.architecture(0), 0)
    assert 0 < trained.evaluation.error_rate < 1
    full = trained.candidate.full_weights(oracle.encoded.kept, oracle.words)
    assert full["bert.embeddings.word_embeddings.weight"].shape[0] == vocabulary


def test_a_source_network_with_one_segment_reads_pairs(place, tmp_path):
    source = odd_source(place, tmp_path / "odd", one_segment)
    table = source.encoder_weights()[SEGMENTS]
    assert torch.equal(table[0], table[1])
    assert source.config["type_vocab_size"] == 2


def without_a_tensor(folder, tensors):
    del folder
    return {n: t for n, t in tensors.items() if n != "encoder.layer.1.output.dense.bias"}


def of_another_shape(folder, tensors):
    changed(folder, intermediate_size=64)
    return tensors


def decoding(folder, tensors):
    changed(folder, is_decoder=True)
    return tensors


def with_too_many_heads(folder, tensors):
    changed(folder, num_attention_heads=5)
    return tensors


def with_more_tokens_than_rows(folder, tensors):
    with (folder / "vocab.txt").open("a") as file:
        file.write("surplus\n")
    return tensors


def with_a_missing_shard(folder, tensors):
    sharded(folder, tensors)
    (folder / "model-00002-of-00002.safetensors").unlink()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without_a_tensor, "has no weights for encoder.layer.1.output.dense.bias"),
        (of_another_shape, "has the shape .32, 16., but its config.json says .64, 16."),
        (decoding, "is a decoder"),
        (with_too_many_heads, "num_attention_heads, which must divide hidden_size"),
        (with_more_tokens_than_rows, "has 36 tokens, but the model has embeddings for only 35"),
        (with_a_missing_shard, "has no model.safetensors"),
    ],
)
def test_what_cannot_be_a_source_network_is_refused_before_anything_is_trained(
    place, tmp_path, change, said
):
    with pytest.raises(InvalidModelError, match=said) as caught:
        check_source(odd_source(place, tmp_path / "odd", change))
    assert "\n" not in str(caught.value)


def spoilt(folder, tensors):
    del folder
    tensors["encoder.layer.1.output.dense.bias"][3] = float("nan")
    return tensors


def test_weights_that_are_no_numbers_are_refused_when_they_are_read(place, tmp_path):
    source = odd_source(place, tmp_path / "odd", spoilt)
    with pytest.raises(InvalidModelError, match=r"layer\.1\.output\.dense\.bias .* no numbers"):
        source.encoder_weights()


def test_whole_numbers_are_no_weights(place, tmp_path):
    def rounded(folder, tensors):
        del folder
        return {name: tensor.to(torch.int8) for name, tensor in tensors.items()}

    with pytest.raises(InvalidModelError, match="weights of the kind I8"):
        check_source(odd_source(place, tmp_path / "odd", rounded))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hidden_dropout_prob", 2.0),
        ("layer_norm_eps", -1),
        ("pad_token_id", 999),
        ("max_position_embeddings", "32"),
        ("num_hidden_layers", 0),
    ],
)
def test_a_configuration_that_no_network_can_have_is_refused(place, tmp_path, field, value):
    def odd(folder, tensors):
        changed(folder, **{field: value})
        return tensors

    with pytest.raises(InvalidModelError, match=f"no usable {field}"):
        check_source(odd_source(place, tmp_path / "odd", odd))


def test_a_tokenizer_that_skips_text_is_refused(place, tmp_path):
    def with_one_letter(folder, tensors):
        model = {"type": "BPE", "vocab": {"a": 0}, "merges": []}
        (folder / "tokenizer.json").write_text(json.dumps({"version": "1.0", "model": model}))
        return tensors

    with pytest.raises(InvalidModelError, match="skips most of a plain sentence"):
        check_source(odd_source(place, tmp_path / "odd", with_one_letter))


@pytest.mark.parametrize(
    ("file", "content"),
    [("tokenizer_config.json", '{"do_lower_case": false}'), ("config.json", None)],
)
def test_the_same_weights_with_another_tokenizer_or_config_are_another_network(
    place, tmp_path, file, content
):
    """So no tokens, teacher or baseline of the one is taken from the cache for the other."""
    folder = shutil.copytree(place / "source", tmp_path / "copy")
    before = source_network(str(folder)).digest
    assert before == source_network(str(place / "source")).digest
    if content is None:
        changed(folder, num_attention_heads=1)
    else:
        (folder / file).write_text(content)
    assert source_network(str(folder)).digest != before


def test_pairs_need_two_segments(place, tmp_path):
    text = (place / "tiny.toml").read_text()
    (tmp_path / "one.toml").write_text(f"{text}types = 1\n")
    space = load_space(str(tmp_path / "one.toml"))
    check_pairs(space, has_pairs=False)
    with pytest.raises(BortError, match="set `types = 2`"):
        check_pairs(space, has_pairs=True)


def test_a_roberta_teaches_what_it_says(place, tmp_path, task, source):
    """Its positions count from the padding token's id, which therefore keeps its number."""
    from transformers import RobertaConfig, RobertaForSequenceClassification

    words = ["<s>", "<pad>", "</s>", "[UNK]", "[CLS]", "[SEP]", "<mask>", *tiny.WORDS]
    folder = tmp_path / "roberta"
    config = RobertaConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=14,
        initializer_range=0.5,
        type_vocab_size=1,
        pad_token_id=1,
        id2label={0: "bad", 1: "good"},
        label2id={"bad": 0, "good": 1},
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = RobertaForSequenceClassification(config).eval()
    model.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")
    assert read_limits(json.loads((folder / "config.json").read_text())).tokens == 12
    encoded = encode_task(task, source.folder, digest=source.digest, max_length=None, longest=32)
    context = TeacherContext(task=task, encoded=encoded, source=source, device=torch.device("cpu"))
    found = given_teacher(context, str(folder), max_length=None).logits["dev"]
    tokenizer = load_tokenizer(folder)
    tokenizer.enable_truncation(12)
    for row, text in enumerate(task.dev.texts[:20]):
        with torch.no_grad():
            ids = torch.tensor([tokenizer.encode(text).ids])
            expected = model(input_ids=ids).logits[0].numpy()
        assert np.allclose(found[row], expected, atol=0.2), "the products are in bfloat16"
