"""Conclude an attempt: store its outputs and other files, or explain its failure."""
