"""Modules that a task failed to import, and the packages that provide them."""

import re

import msgspec

from nbyard.domain.attempts.failure_reader import failure_text
from nbyard.domain.attempts.structs import Failure

NAME = r"([A-Za-z_][\w.]*)"
# messages of the interpreter, after those of a hand-off, and of pandas (2 and 3) about
# optional dependencies for reading and writing
OF_PYTHON = rf"(travels as Parquet: )?ModuleNotFoundError: No module named '{NAME}'"
OF_PANDAS = rf"Missing optional dependency '{NAME}'|`Import {NAME}` failed"
MESSAGE = re.compile(f"{OF_PYTHON}|{OF_PANDAS}")
COLOURS = re.compile("\x1b\\[[0-9;]*m")
# the folder of the serving code in tracebacks of models, and what that code imports
SERVING = "/.nbyard/nbyard/serving/"
OF_SERVING = ["pandas", "pyarrow"]
# modules whose distribution has another name
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
    """A missing `module`, the `packages` to add and the environment that lacks them.

    The packages are those for all nodes of the run that use the environment. The last one is the
    one most likely to provide the module. `environment` is empty if the task used no managed
    environment. The packages are then those of a new one.
    """

    module: str
    packages: list[str]
    environment: str


def missing_from(failure: Failure | None, environment: str) -> Missing | None:
    """Return the module that a failure reports as missing.

    Return None if the failure has another cause, or if the module exists but was left out of
    the code bundle. If pandas lacks an optional dependency, a new environment needs pandas as
    well. A new environment for a model needs what the serving code imports.
    """
    if failure is None or failure.left_out:
        return None
    # IPython colours the name of the exception, so escape sequences divide its message.
    messages = MESSAGE.findall(COLOURS.sub("", f"{failure.traceback}\n{failure_text(failure)}"))
    if not messages:
        return None
    # the last message belongs to the error that ended the task
    hand_off, absent, *of_pandas = messages[-1]
    module = absent or "".join(of_pandas)
    is_of_pandas = not absent or (hand_off and absent == "pyarrow")  # polars writes by itself
    beside = ["pandas"] if is_of_pandas else []
    beside = OF_SERVING if SERVING in failure.traceback else beside
    package = package_of(module)
    added = [] if environment else [name for name in beside if name != package]
    return Missing(module, [*added, package], environment)


def package_of(module: str) -> str:
    """Return the distribution that provides a module.

    The longest known prefix of the name decides. Otherwise the distribution is named like the first
    part.
    """
    parts = module.split(".")
    names = [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return next((DISTRIBUTIONS[name] for name in names if name in DISTRIBUTIONS), parts[0])
