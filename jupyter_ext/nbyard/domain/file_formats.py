"""File formats by file name: one word each, and their media types."""

import re
from typing import Literal

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
    "onnx": "onnx",
    "pt": "pt",
    "pth": "pt",
    "safetensors": "safetensors",
    "keras": "keras",
    "tflite": "tflite",
    "h5": "h5",
    "npy": "npy",
    "npz": "npz",
    "ipynb": "ipynb",
    "py": "py",
}
MEDIA_TYPES = {
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.file",
    "excel": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "txt": "text/plain",
    "md": "text/markdown",
    "html": "text/html",
    "png": "image/png",
    "jpg": "image/jpeg",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "zip": "application/zip",
}
OutputClass = Literal["data", "model", "metrics", "report"]
MODEL_FORMATS = frozenset(
    ("h5", "joblib", "keras", "mlflow", "model", "onnx", "pickle", "pkl", "pt", "safetensors")
) | {"tflite"}
REPORTS = frozenset({"html", "ipynb", "md", "pdf"})
# Libraries save models in these formats too, so the file name decides.
AMBIGUOUS = frozenset({"", "json", "txt"})
# Files of these formats hold tables, arrays or trained models, in code folders too. JSON, texts
# and images often belong to the code.
DATA = MODEL_FORMATS | {
    *("arrow", "csv", "excel", "jsonl", "npy", "npz", "parquet", "tsv", "zip"),
}
DATA_SUFFIXES = frozenset(
    ("avro", "db", "dta", "duckdb", "hdf5", "ods", "orc", "rda", "rdata", "rds", "sqlite")
)
COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
# Text formats store no column types.
TEXT_TABLES = ("csv", "tsv")


def format_of(filename: str) -> str:
    """Return the format of a file name, empty if unknown."""
    stem, dot, suffix = filename.lower().rpartition(".")
    # `.csv` is a hidden file without a suffix.
    return SUFFIXES.get(suffix, "") if dot and stem else ""


def guess_class(filename: str, file_format: str) -> OutputClass:
    """Guess the class of an output that declares none."""
    stem = filename.lower().rsplit(".", 1)[0]
    if file_format in ("", "json") and "metrics" in stem:
        return "metrics"
    if file_format in MODEL_FORMATS or (file_format in AMBIGUOUS and stem.endswith("model")):
        return "model"
    return "report" if file_format in REPORTS else "data"


def is_data(filename: str) -> bool:
    """Return whether the name indicates data, not code."""
    return format_of(filename) not in ("", "ipynb", "py")


def holds_data(filename: str) -> bool:
    """Return whether the name is that of a table, an array or other data, compressed or not."""
    name = _unpacked(filename.lower())
    stem, _, suffix = name.rpartition(".")
    return bool(stem) and (format_of(name) in DATA or suffix in DATA_SUFFIXES)


def is_text_table(filename: str) -> bool:
    """Return whether the name is that of a CSV or TSV file, compressed or not."""
    return format_of(_unpacked(filename.lower())) in TEXT_TABLES


def _unpacked(name: str) -> str:
    return name.rpartition(".")[0] if name.endswith(COMPRESSED) else name


def suffix_of(file_format: str) -> str:
    """Return the file suffix of a format; empty for folders and unusual formats."""
    if file_format == "folder" or not re.fullmatch(r"[A-Za-z0-9_+-]{1,16}", file_format):
        return ""
    return ".xlsx" if file_format == "excel" else f".{file_format}"
