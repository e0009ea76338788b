"""Other tools for the same work: one module for each, all with the same graphs."""
