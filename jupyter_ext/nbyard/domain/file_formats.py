"""Formats of files by their names; one word each, used on ports and in previews."""

import re

SUFFIXES = {
    "csv": "csv",
    "tsv": "tsv",
    "tab": "tsv",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "json": "json",
    "parquet": "parquet",
    "pq": "parquet",
    "arrow": "arrow",
    "feather": "arrow",
    "ipc": "arrow",
    "xlsx": "excel",
    "xls": "excel",
    "txt": "txt",
    "md": "md",
    "html": "html",
    "png": "png",
    "jpg": "jpg",
    "jpeg": "jpg",
    "svg": "svg",
    "pdf": "pdf",
    "zip": "zip",
    "pkl": "pickle",
    "pickle": "pickle",
    "joblib": "joblib",
    "npy": "npy",
    "npz": "npz",
    "ipynb": "ipynb",
    "py": "py",
}
# Their columns have no types of their own.
TEXT_TABLES = ("csv", "tsv")


def format_of(filename: str) -> str:
    """The format's word, or empty where the name does not tell."""
    stem, dot, suffix = filename.lower().rpartition(".")
    return SUFFIXES.get(suffix, "") if dot and stem else ""


def is_data(filename: str) -> bool:
    """Whether its name promises data, and no code."""
    return format_of(filename) not in ("", "ipynb", "py")


def suffix_of(file_format: str) -> str:
    """The end of the name of a file of that format; empty for folders and what is no one word."""
    if file_format == "folder" or not re.fullmatch(r"[A-Za-z0-9_+-]{1,16}", file_format):
        return ""
    return ".xlsx" if file_format == "excel" else f".{file_format}"
