"""The kernel of an environment, as Jupyter finds it."""

import json
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from nbyard.host.kernels.kernelspec_writer import (
    kernel_name,
    offer_kernel,
    offered_kernels,
    withdraw_kernel,
)


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def test_jupyter_finds_a_kernelspec_until_it_is_deleted() -> None:
    name = kernel_name("Two Cows!", "e1")
    assert name == "nbyard-two-cows"
    offer_kernel(name, "Two Cows!", Path("/x"), "e1")
    spec = KernelSpecManager().get_kernel_spec(name)
    assert (spec.display_name, spec.argv[0], spec.language) == (
        "Two Cows!", "/x/bin/python", "python",
    )  # fmt: skip
    assert kernel_name("Two Cows!", "e1") == name
    offer_kernel(name, "Two Cows!", Path("/y"), "e1")
    assert KernelSpecManager().get_kernel_spec(name).argv[0] == "/y/bin/python"
    withdraw_kernel(name, "e1")
    with pytest.raises(NoSuchKernel):
        KernelSpecManager().get_kernel_spec(name)


@pytest.mark.parametrize("text", ["{}", "no json", json.dumps({"metadata": {"nbyard": {}}})])
def test_kernels_of_others_are_kept(data: Path, text: str) -> None:
    other = data / "kernels/nbyard-cows/kernel.json"
    other.parent.mkdir(parents=True)
    other.write_text(text)
    assert kernel_name("cows", "0123456789") == "nbyard-cows-01234567"
    withdraw_kernel("nbyard-cows", "0123456789")
    withdraw_kernel("", "0123456789")
    assert other.read_text() == text


def test_a_name_without_letters_gets_a_valid_name() -> None:
    assert kernel_name("Ä ö", "e1") == "nbyard"
    offer_kernel("nbyard", "Ä ö", Path("/x"), "e1")
    assert kernel_name("…", "e2") == "nbyard-e2"


def test_kernelspecs_of_a_folder_are_found(data: Path) -> None:
    """Whatever else lies in the folder of kernels."""
    offer_kernel("nbyard-a", "a", Path("/store/one"), "e1")
    offer_kernel("nbyard-b", "b", Path("/store2/one"), "e2")
    for text in ("", "[]", '{"argv": []}', '{"argv": "x"}'):
        odd = data / f"kernels/nbyard-odd{len(text)}/kernel.json"
        odd.parent.mkdir()
        odd.write_text(text)
    assert offered_kernels(Path("/store")) == {"nbyard-a": "e1"}
