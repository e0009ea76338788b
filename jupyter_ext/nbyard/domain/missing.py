"""Modules that work wanted and did not find, and what to install for them."""

import re

import msgspec

from nbyard.domain.attempts import Failure

# the interpreter's words, and those of pandas for what it needs to read and write
MESSAGE = re.compile(
    r"(?:ModuleNotFoundError: No module named|Missing optional dependency) '([A-Za-z_][\w.]*)'"
)
COLOURS = re.compile("\x1b\\[[0-9;]*m")
# where the distribution is not called as its module is
DISTRIBUTIONS = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "fitz": "PyMuPDF",
    "git": "GitPython",
    "google.protobuf": "protobuf",
    "jwt": "PyJWT",
    "magic": "python-magic",
    "mpl_toolkits": "matplotlib",
    "OpenSSL": "pyOpenSSL",
    "PIL": "pillow",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "umap": "umap-learn",
    "yaml": "PyYAML",
    "zmq": "pyzmq",
}


class Missing(msgspec.Struct, frozen=True):
    """A `module` that was not found, the `package` that most likely has it, and the name of the
    environment that lacks it, empty where none of ours was used."""

    module: str
    package: str
    environment: str


def missing_from(failure: Failure | None, environment: str) -> Missing | None:
    """What a failure says is missing; None when it says something else."""
    if failure is None:
        return None
    told = MESSAGE.findall(COLOURS.sub("", f"{failure.traceback}\n{failure.message}"))
    return Missing(told[-1], package_of(told[-1]), environment) if told else None


def package_of(module: str) -> str:
    """The distribution of a module: that of the longest part of its name that is known."""
    parts = module.split(".")
    names = [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return next((DISTRIBUTIONS[name] for name in names if name in DISTRIBUTIONS), parts[0])
