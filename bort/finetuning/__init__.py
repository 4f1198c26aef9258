"""From a point of the front to a trained model: stages, checkpoints, the realised point.

Importing this imports neither torch nor transformers.
"""
