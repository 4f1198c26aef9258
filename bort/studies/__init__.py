"""What commands and pages do with studies: answers, estimates, checks, tables, Optuna."""
