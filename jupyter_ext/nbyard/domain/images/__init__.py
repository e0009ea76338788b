"""Container images: what a user chooses for one, how images are named, and how Dockerfiles are
read.
"""
