"""Short-lived containers that answer one question.

They list the packages of an image, or check whether the engine provides the GPUs.
"""
