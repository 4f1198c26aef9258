"""Made-up results of architectures, for both sides."""

import numpy as np
import pandas as pd


def made_up(points: int) -> pd.DataFrame:
    """Draw architectures of which many are on the front: what is smaller or faster errs more."""
    draws = np.random.default_rng(0)
    size, latency = 10 ** draws.uniform(-2, 0, (2, points))
    error = 0.1 * (size * latency) ** -0.2 * np.exp(draws.normal(0, 0.1, points))
    frame = pd.DataFrame({"size": size, "latency": latency, "error": error.clip(max=0.99)})
    return frame.round(6)
