"""Events become firings of triggers here, each in one transaction; firings become runs."""
