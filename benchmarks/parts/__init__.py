"""Shared parts of several benchmarks, and programs that they start."""
