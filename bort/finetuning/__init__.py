"""From a point on the front to a trained model: stages, checkpoints, results.

`curves`, `latency`, `loggers`, `plan`, `realised` and `spec` import neither torch nor transformers.
"""
