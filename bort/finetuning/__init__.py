"""From a point on the front to a trained model: stages, checkpoints, results.

Only `setup`, `stage`, `students`, `agora_stage`, `evaluation` and `publishing` import torch.
"""
