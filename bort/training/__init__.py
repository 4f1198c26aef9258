"""One training path: tokens, batches, loop, metrics; the source network and its teacher.

Nothing here is imported for painting a page: most modules need torch.
"""
