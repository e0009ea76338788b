"""Writes Dockerfiles, and builds images from them."""
