"""Models: read model files and create packages from folders, classes and outputs of runs.

The dispatcher builds the images.
"""
