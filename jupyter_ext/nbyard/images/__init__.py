"""Images: the text of Dockerfiles, and what is built from it."""
