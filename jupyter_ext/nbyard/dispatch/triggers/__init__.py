"""Record the firings of triggers when events happen, and create the runs of firings."""
