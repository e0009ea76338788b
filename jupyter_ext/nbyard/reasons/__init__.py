"""Reasons of states: a code with typed parameters, and the catalogue of their texts."""
