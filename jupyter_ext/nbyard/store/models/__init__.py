"""Query model packages and the probes that load a model once in its own environment."""
