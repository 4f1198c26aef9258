"""Training: tokens, loop, metrics; the source network, its teacher, the error oracle.

Most modules import torch, so pages do not import them while painting.
"""
