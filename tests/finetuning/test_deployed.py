"""Which of a model's files is the fastest, and what makes a file not as good."""

from bort.core.rivals import PerText
from bort.finetuning.deployed import BATCH, SINGLE, Deployed, DeployedFile
from bort.report.deployed import fastest_sentence, file_rows


def file(runtime, ms, *, accuracy=0.9, size=1000, half=0.001):
    time = PerText(median_ms=ms, low_ms=ms - half, high_ms=ms + half)
    latency = {SINGLE: time, BATCH: time}
    return DeployedFile(runtime=runtime, size_bytes=size, dev_accuracy=accuracy, latency=latency)


def of(*files, noise_ok=True):
    return Deployed(files=files, texts=90, machine={"cpu": "made up"}, noise_ok=noise_ok)


def test_the_fastest_is_by_time_and_not_by_format():
    found = of(file("onnx-float32", 0.05, size=4000), file("onnx-int8", 0.072))
    assert found.fastest.runtime == "onnx-float32"


def test_within_noise_the_smallest_is_chosen():
    found = of(file("a", 0.05, size=4000), file("b", 0.0515), file("c", 0.06, size=1))
    assert found.fastest.runtime == "b"


def test_a_file_that_answers_worse_is_never_chosen():
    found = of(file("a", 0.05), file("b", 0.02, accuracy=0.885), file("c", 0.06, accuracy=0.892))
    assert found.fastest.runtime == "a"


def test_words_say_times_and_doubts():
    found = of(file("b", 0.5, size=2_500_000), file("a", 0.0374), noise_ok=False)
    assert [row[0] for row in file_rows(found)] == ["a", "b"]
    assert file_rows(found)[1][1:3] == ("0.50", "0.50 to 0.50")
    said = fastest_sentence(found)
    assert "a, 0.037 ms per text (0.036 to 0.038), on one thread of made up" in said
    assert "busy" in said
