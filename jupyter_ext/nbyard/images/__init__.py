"""Images made from a base image and a requirements file."""

from nbyard.images.dockerfile import build_files
from nbyard.images.environments import environment_image, environment_tag, offer_images

__all__ = [
    "build_files",
    "environment_image",
    "environment_tag",
    "offer_images",
]
