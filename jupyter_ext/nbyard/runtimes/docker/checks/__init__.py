"""Short-lived containers that answer one question: which packages an image has, and whether the
engine provides the GPUs.
"""
