"""Store the bytes of files and folders once each, addressed by their digest."""

from nbyard.blobs.download import DownloadRequest, open_download
from nbyard.blobs.dry_blobs import DryBlobs
from nbyard.blobs.file_operations import Blob, BlobWriter
from nbyard.blobs.store import Blobs, StoredBlob
from nbyard.blobs.trees import Tree, TreeEntry

__all__ = [
    "Blob",
    "BlobWriter",
    "Blobs",
    "DownloadRequest",
    "DryBlobs",
    "StoredBlob",
    "Tree",
    "TreeEntry",
    "open_download",
]
