"""Write Dockerfiles and build images from them."""
