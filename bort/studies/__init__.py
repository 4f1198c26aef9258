"""The work of commands and pages with studies: answers, estimates, checks, tables, Optuna."""
