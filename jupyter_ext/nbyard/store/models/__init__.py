"""Query model packages and the probes that load a model once where it was written."""
