"""Which architecture to evaluate next. Every choice made here keeps the bounds valid."""
