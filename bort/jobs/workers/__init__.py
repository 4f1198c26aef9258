"""Workers: processes that train for a search, several at a time.

Only the search picks, stores and certifies. A worker gets an architecture and a seed, and returns
an evaluation.
"""
