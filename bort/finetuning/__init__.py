"""Fine-tune a point on the front into a model: stages, checkpoints, results.

Only `setup`, `stage`, `students`, `agora_stage`, `evaluation` and `publishing` import torch.
"""
