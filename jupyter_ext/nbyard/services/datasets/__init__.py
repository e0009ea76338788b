"""Datasets and their versions. Imports are recorded here; the dispatcher runs them."""
