"""Agora on texts: data, students, labelers, representations and samplers.

`spec` and `data` are light; the other modules import torch.
"""
