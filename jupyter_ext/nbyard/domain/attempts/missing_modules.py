"""Modules that work wanted and did not find, and what to install for them."""

import re

import msgspec

from nbyard.domain.attempts.structs import Failure

NAME = r"([A-Za-z_][\w.]*)"
# the interpreter's words, behind those of a hand-off, and those of pandas (2 and 3) for what it
# needs to read and write
OF_PYTHON = rf"(travels as Parquet: )?ModuleNotFoundError: No module named '{NAME}'"
OF_PANDAS = rf"Missing optional dependency '{NAME}'|`Import {NAME}` failed"
MESSAGE = re.compile(f"{OF_PYTHON}|{OF_PANDAS}")
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
    """A `module` that was not found, the `packages` to add for it, of which the last most likely
    has it, and the name of the environment that lacks it, empty where none of ours was used."""

    module: str
    packages: list[str]
    environment: str


def missing_from(failure: Failure | None, environment: str) -> Missing | None:
    """What a failure says is missing; None when it says something else, or
    when the module is there but did not travel with the code.

    A data frame of pandas was at hand where pandas lacks something: an environment that is made
    for the step has to have both.
    """
    if failure is None or failure.left_out:
        return None
    told = MESSAGE.findall(COLOURS.sub("", f"{failure.traceback}\n{failure.message}"))
    if not told:
        return None
    hand_off, absent, *of_pandas = told[-1]
    module = absent or "".join(of_pandas)
    is_of_pandas = not absent or (hand_off and absent == "pyarrow")  # polars writes by itself
    beside = ["pandas"] if is_of_pandas and not environment else []
    return Missing(module, [*beside, package_of(module)], environment)


def package_of(module: str) -> str:
    """The distribution of a module: that of the longest part of its name that is known."""
    parts = module.split(".")
    names = [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return next((DISTRIBUTIONS[name] for name in names if name in DISTRIBUTIONS), parts[0])
