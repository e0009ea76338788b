"""A module that was not found, and the package that has it."""

import pytest

from nbyard.domain.attempts.missing_modules import Missing, missing_from, package_of
from nbyard.domain.attempts.structs import Failure
from nbyard.reasons.structs import because


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("cow", "cow"), ("cow.bell", "cow"), ("cv2", "opencv-python"), ("sklearn", "scikit-learn"),
        ("sklearn.svm", "scikit-learn"), ("yaml", "PyYAML"), ("PIL", "pillow"),
        ("bs4", "beautifulsoup4"), ("google.protobuf.message", "protobuf"), ("google", "google"),
    ],
)  # fmt: skip
def test_a_module_belongs_to_a_package(module: str, package: str) -> None:
    assert package_of(module) == package


def test_a_failure_names_the_missing_module() -> None:
    """Of notebooks in the message, of scripts in the end of the log, which may have colours."""
    words = "ModuleNotFoundError: No module named 'cv2'"
    found = Missing("cv2", ["opencv-python"], "cows")
    assert missing_from(Failure("error", because("text", text=words)), "cows") == found
    coloured = "\x1b[31mModuleNotFoundError\x1b[39m: No module named 'cv2'\n"
    script = Failure("exit-code", because("text", text="exit code 1"), traceback=coloured)
    assert missing_from(script, "cows") == found
    other = "ModuleNotFoundError: No module named 'six'\nDuring handling …\n"
    assert (
        missing_from(Failure("error", because("text", text=words), traceback=other), "cows")
        == found
    )
    assert missing_from(Failure("error", because("text", text="ValueError: no module")), "") is None
    assert missing_from(None, "") is None
    assert missing_from(Failure("error", because("text", text=words), left_out=True), "") is None


@pytest.mark.parametrize(
    ("words", "packages"),
    [
        ("Unfit: …, and Missing optional dependency 'pyarrow'.  Use pip.", ["pandas", "pyarrow"]),
        ("ImportError: `Import openpyxl` failed. Use pip …", ["pandas", "openpyxl"]),
        (
            "a data frame travels as Parquet: ModuleNotFoundError: No module named 'pyarrow'",
            ["pandas", "pyarrow"],
        ),
        (
            "a data frame travels as Parquet: ModuleNotFoundError: No module named 'polars'",
            ["polars"],
        ),
        ("ModuleNotFoundError: No module named 'pyarrow'", ["pyarrow"]),
    ],
)
def test_a_new_environment_gets_all_needed_packages(words: str, packages: list[str]) -> None:
    """Pyarrow alone would lack pandas. An existing environment keeps its version."""
    made = missing_from(Failure("error", because("text", text=words)), "")
    assert made is not None and made.packages == packages
    added = missing_from(Failure("error", because("text", text=words)), "cows")
    assert added is not None and added.packages == packages[-1:]
    assert added.module == packages[-1]


@pytest.mark.parametrize(
    ("module", "packages"),
    [("cv2", ["pandas", "pyarrow", "opencv-python"]), ("pandas", ["pyarrow", "pandas"])],
)
def test_a_new_environment_for_a_model_serves_it(module: str, packages: list[str]) -> None:
    """The next attempt would lack pandas. An existing environment gets one package."""
    place = 'File "/a/code/.nbyard/nbyard/serving/load_model.py"'
    text = f"{place}\nModuleNotFoundError: No module named '{module}'"
    failure = Failure("exit-code", because("text", text="exit code 1"), traceback=text)
    for environment, expected in (("", packages), ("cows", packages[-1:])):
        missing = missing_from(failure, environment)
        assert missing is not None and missing.packages == expected
