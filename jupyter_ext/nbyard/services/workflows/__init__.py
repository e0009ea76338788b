"""Workflows: check documents, track their files and find what uses datasets or credentials."""
