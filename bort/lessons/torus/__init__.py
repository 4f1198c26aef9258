"""Lesson 6: Agora on the torus, round by round, from recorded runs of the product's own Agora."""
