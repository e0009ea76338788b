"""Warm containers: each serves several notebooks of one run, one after the other."""
