"""Tools that people would use otherwise: one module for each, all given the same graphs."""
