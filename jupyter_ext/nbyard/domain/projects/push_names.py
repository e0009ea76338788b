"""Names of the folders that have the pushed files of a project."""

FOLDER = "projects"  # of the store: it has the pushed files as `FOLDER/PROJECT ID/PUSH/`


def push_name(digest: str) -> str:
    """Return the name of the folder of a push."""
    return digest.rpartition(":")[2][:16]
