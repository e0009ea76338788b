"""Store the bytes of files and folders once each, addressed by their digest."""

from nbyard.blobs.blob_writer import Blob, BlobWriter
from nbyard.blobs.download import Bytes, opened
from nbyard.blobs.listing import Stored
from nbyard.blobs.store import Blobs
from nbyard.blobs.trees import Entry, Tree

__all__ = ["Blob", "BlobWriter", "Blobs", "Bytes", "Entry", "Stored", "Tree", "opened"]
