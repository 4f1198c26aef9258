"""Agora: the pure loop, and its two worlds, the torus and texts."""
