"""SetFit (Tunstall et al. 2022): pairs of a few texts teach the source network, and logistic
regression on its vectors decides.
"""

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bort.core.progress import Progress, Stage
from bort.core.rivals import RivalKind
from bort.core.scratch import temporary
from bort.rivals.networks import write_mean
from bort.rivals.opening import joined
from bort.rivals.request import PAIRS_AT_ONCE, PAIRS_PER_TEXT
from bort.rivals.rival import Making, Method, texts_of
from bort.training.model_files import quiet_transformers

OFTEN = 10  # steps between two told


def make_setfit(making: Making, folder: Path) -> Mapping[str, Any]:
    """Train with the package's defaults and the paper's number of pairs; nothing is chosen on dev.

    A training that is killed begins again, and ends with the same weights.

    Raises:
        TrainingStoppedError: the user stopped it.
    Cost: a quarter of an hour for 500 short texts on two cores without AVX-512.
    """
    with temporary("setfit") as place, torch.random.fork_rng(devices=[]), quiet_transformers():
        model = _trained(making, place)
    head = model.model_head
    fit = {
        "rows": head.coef_.astype(np.float32),
        "offsets": head.intercept_.astype(np.float32),
        "classes": head.classes_.astype(np.int64),
    }
    write_mean(model.model_body[0].auto_model.cpu(), fit, making, folder)
    return {"pairs": PAIRS_PER_TEXT * len(making.task.train)}


def _trained(making: Making, place: Path) -> Any:
    """Train body and head; `place` is for what the package writes."""
    import setfit
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from sklearn.linear_model import LogisticRegression
    from transformers import PrinterCallback, TrainerCallback

    context, task = making.context, making.task
    setfit.logging.set_verbosity_error()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")

    class Teller(TrainerCallback):
        """Tells each step, and stops between two."""

        def on_step_begin(self, *_: Any, **__: Any) -> None:
            context.pause()

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            del args, control
            if state.global_step % OFTEN == 0:
                count = (state.global_step, state.max_steps)
                context.on_step(Progress(*count, Stage.MAKING_RIVAL, RivalKind.SETFIT))

    network = Transformer(str(context.source.folder), max_seq_length=context.encoded.max_length)
    pooling = Pooling(int(context.source.config["hidden_size"]), "mean")
    body = SentenceTransformer(modules=[network, pooling, Normalize()], device="cpu")
    model = setfit.SetFitModel(model_body=body, model_head=LogisticRegression())
    arguments = setfit.TrainingArguments(
        output_dir=str(place),
        batch_size=PAIRS_AT_ONCE,
        num_epochs=1,
        num_iterations=PAIRS_PER_TEXT // 2,
        max_length=context.encoded.max_length,
        report_to="none",
        save_strategy="no",
        logging_strategy="no",
        logging_first_step=False,
        show_progress_bar=False,
        seed=0,
    )
    texts = {"text": joined(texts_of(task.train)), "label": task.train.labels.tolist()}
    trainer = setfit.Trainer(
        model=model, args=arguments, train_dataset=Dataset.from_dict(texts), callbacks=[Teller()]
    )
    trainer.pop_callback(PrinterCallback)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks for memory that only a GPU has
        trainer.train()
    return model


SETFIT = Method(make_setfit)
