"""Agora: the pure loop, and the two worlds it runs in: the torus and texts."""
