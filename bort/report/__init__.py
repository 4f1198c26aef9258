"""Words: the sentences and tables that a person reads, made from codes and numbers."""
