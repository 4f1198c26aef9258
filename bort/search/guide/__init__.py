"""The guide chooses which architecture to evaluate next. Every choice keeps the bounds valid."""
