"""Agora on texts: data, students, labelers, representations and samplers.

`spec` and `data` are quick to import; the other modules import torch.
"""
