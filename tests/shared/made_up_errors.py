"""Errors from a formula. Imports little, so that a process that needs nothing else starts fast."""

import math
import random

from bort.core.architecture import Architecture
from bort.core.evaluation import Evaluation

N_DEV = 600


def made_up_evaluation(architecture: Architecture, *, diverged: bool = False) -> Evaluation:
    noise = random.Random(architecture.id).gauss(0, 0.008)
    error = 0.52
    error -= 0.055 * math.log(architecture["hidden"] / 48)
    error -= 0.035 * math.log(architecture["depth"] + 1)
    error -= 0.012 * math.log(architecture["intermediate"] / 96)
    wrong = round(N_DEV * (0.505 if diverged else error + noise))
    rate = wrong / N_DEV
    se = math.sqrt(rate * (1 - rate) / N_DEV)
    return Evaluation(rate, se, N_DEV, steps=200, seconds=14.0, diverged=diverged)
