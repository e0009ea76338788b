"""Container images: build options, image names, and parsing of Dockerfiles."""
