"""Training: tokens, loop, metrics; the source network, its teacher, the error oracle.

Most modules import torch, so pages import none of them while painting.
"""
