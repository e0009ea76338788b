"""Store the bytes of files and folders once each, addressed by their digest."""

from nbyard.blobs.download import Bytes, opened
from nbyard.blobs.listing import Stored
from nbyard.blobs.store import Blobs
from nbyard.blobs.trees import Entry, Tree
from nbyard.blobs.writing import Blob, BlobWriter

__all__ = ["Blob", "BlobWriter", "Blobs", "Bytes", "Entry", "Stored", "Tree", "opened"]
