"""Kernels and interpreters, known by fingerprints."""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

from nbyard.domain.environments.structs import Package
from nbyard.errors import NotFound
from nbyard.host import kernels
from nbyard.host.kernels import kernel_name, offer_kernel, offered_kernels, withdraw_kernel

pytestmark = pytest.mark.slow

# an interpreter as far as we ask one: prints what is in facts.json beside it
FAKE = '#!/bin/sh\ncat "$(dirname "$0")/facts.json"\n'


@pytest.fixture
def spec(tmp_path, monkeypatch):
    """Installs a kernelspec."""
    monkeypatch.setenv("JUPYTER_PATH", os.fspath(tmp_path))

    def install(name, argv, language="python", **more):
        folder = tmp_path / "kernels" / name
        folder.mkdir(parents=True, exist_ok=True)
        told = {"argv": argv, "language": language, "display_name": name, **more}
        (folder / "kernel.json").write_text(json.dumps(told))

    return install


@pytest.fixture
def interpreter(tmp_path):
    """A foreign Python; its second value installs packages in it."""
    place = tmp_path / "venv" / "bin" / "python3"
    packages = tmp_path / "venv" / "lib" / "python3.11" / "site-packages"
    place.parent.mkdir(parents=True)
    packages.mkdir(parents=True)
    place.write_text(FAKE)
    place.chmod(0o755)

    installs = []

    def install(**versions):
        """Each as (version, digest of its RECORD)."""
        listed = [
            {"name": name, "version": version, "record": record}
            for name, (version, record) in versions.items()
        ]
        about = {"python": "3.11.0", "build": "", "implementation": "cpython", "platform": "any"}
        installs.append(listed)
        os.utime(packages, ns=(len(installs), len(installs)))
        told = {**about, "packages": listed, "folders": {os.fspath(packages): len(installs)}}
        (place.parent / "facts.json").write_text(json.dumps(told))

    install()
    return place, install


def test_a_fingerprint_changes_with_installed_packages(spec, interpreter):
    place, install = interpreter
    spec("mine", [os.fspath(place), "-m", "ipykernel"])
    before = kernels.find_kernel("mine")
    assert (before.kernel, before.interpreter) == ("mine", os.fspath(place))
    assert before.lock and before.lock.packages == []
    assert kernels.find_kernel("mine") == before
    install(numpy=("2.1", "sha256:1"))
    after = kernels.find_kernel("mine")
    assert after.lock and after.lock.packages == [Package("numpy", "2.1", "sha256:1")]
    assert after.fingerprint != before.fingerprint


def test_variables_of_a_kernelspec_and_packages_on_its_path_count(spec, tmp_path):
    folder = tmp_path / "more"
    (folder / "extra-1.0.dist-info").mkdir(parents=True)
    metadata = folder / "extra-1.0.dist-info" / "METADATA"
    metadata.write_text("Metadata-Version: 2.1\nName: extra\nVersion: 1.0\n")
    spec("plain", [sys.executable])
    spec("more", [sys.executable], env={"PYTHONPATH": os.fspath(folder)})
    spec("seed", [sys.executable], env={"SEED": "1"})
    assert "extra" in names_in(kernels.find_kernel("more"))
    assert "extra" not in names_in(kernels.find_kernel("plain"))
    found = [kernels.find_kernel(name).fingerprint for name in ("plain", "more", "seed")]
    assert len(set(found)) == 3


def test_unusual_arguments_of_a_kernelspec_count(spec, interpreter):
    place, _ = interpreter
    usual = [os.fspath(place), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec("mine", usual)
    before = kernels.find_kernel("mine").fingerprint
    spec("mine", [usual[0], "-Xfrozen_modules=off", *usual[1:]])
    assert kernels.find_kernel("mine").fingerprint == before
    spec("mine", [usual[0], "-O", *usual[1:]])
    assert kernels.find_kernel("mine").fingerprint != before


@pytest.mark.parametrize(
    ("variable", "file"),
    [
        ("IPYTHONDIR", "profile_default/startup/00-first.py"),
        ("IPYTHONDIR", "profile_default/ipython_kernel_config.py"),
        ("XDG_CONFIG_HOME", "matplotlib/matplotlibrc"),
        ("MATPLOTLIBRC", "matplotlibrc"),
    ],
)
def test_settings_of_the_user_count(spec, interpreter, tmp_path, monkeypatch, variable, file):
    spec("mine", [os.fspath(interpreter[0])])
    monkeypatch.setenv(variable, str(tmp_path))
    seen = {kernels.find_kernel("mine").fingerprint}
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    for text in ("a = 1", "a = 2"):
        (tmp_path / file).write_text(text)
        seen.add(kernels.find_kernel("mine").fingerprint)
    assert len(seen) == 3


def test_packages_are_seen_wherever_the_interpreter_looks(spec, tmp_path):
    """Even in a folder that appears later, and in one that a .pth file names."""
    user = {"PYTHONUSERBASE": os.fspath(tmp_path / "user")}
    base = f"{sys.base_prefix}/bin/python3"
    spec("mine", [base], env=user)
    asked = [base, "-c", "import site; print(site.getusersitepackages())"]
    told = subprocess.run(asked, env=os.environ | user, capture_output=True, text=True, check=True)
    packages, beside = Path(told.stdout.strip()), tmp_path / "beside"
    beside.mkdir()

    def install(folder, name, version):
        place = folder / f"{name}-{version}.dist-info"
        place.mkdir(parents=True)
        (place / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        return kernels.find_kernel("mine").versions.get(name), place

    assert kernels.find_kernel("mine") is not None
    found, place = install(packages, "extra", "1.0")
    assert found == "1.0"
    shutil.rmtree(place)
    assert "extra" not in names_in(kernels.find_kernel("mine"))
    (packages / "beside.pth").write_text(f"{beside}\n")
    assert kernels.find_kernel("mine").lock is not None
    assert install(beside, "other", "2.0")[0] == "2.0"


def test_two_builds_of_one_version_differ(spec, interpreter):
    place, install = interpreter
    spec("mine", [os.fspath(place), "-m", "ipykernel"])
    found = []
    for record in ("sha256:1", "sha256:2", "sha256:1"):
        install(numpy=("2.1", record))
        found.append(kernels.find_kernel("mine").fingerprint)
    assert found[0] == found[2] != found[1]


def test_two_interpreters_are_never_the_same(spec, interpreter, tmp_path):
    place, _ = interpreter
    other = tmp_path / "other" / "bin" / "python3"
    other.parent.mkdir(parents=True)
    other.write_text(FAKE)
    other.chmod(0o755)
    (other.parent / "facts.json").write_bytes((place.parent / "facts.json").read_bytes())
    spec("one", [os.fspath(place)])
    spec("two", [os.fspath(other)])
    assert kernels.find_kernel("one").fingerprint != kernels.find_kernel("two").fingerprint


def test_a_plain_python_means_the_running_one(spec):
    spec("bare", ["python", "-m", "ipykernel_launcher"])
    assert kernels.find_kernel("bare").interpreter == sys.executable
    assert "pytest" in names_in(kernels.find_kernel("bare"))
    assert kernels.python_interpreter().lock == kernels.find_kernel("bare").lock
    assert kernels.python_interpreter().fingerprint == kernels.find_kernel("bare").fingerprint


def test_a_missing_interpreter_is_never_replaced(spec, tmp_path):
    spec("gone", [os.fspath(tmp_path / "gone" / "bin" / "python3.9")])
    with pytest.raises(NotFound, match="does not run"):
        kernels.find_kernel("gone")


def test_a_failing_interpreter_is_reported(spec, interpreter):
    place, _ = interpreter
    place.write_text("#!/bin/sh\nexit 3\n")
    spec("broken", [os.fspath(place)])
    with pytest.raises(NotFound, match="exit status 3"):
        kernels.find_kernel("broken")


def test_kernels_of_other_languages(spec, tmp_path, monkeypatch):
    """A program is known by its size and time, too."""
    program = tmp_path / "bin" / "julia"
    program.parent.mkdir()
    program.write_text(FAKE)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", os.fspath(program.parent), prepend=os.pathsep)
    spec("julia-1.10", ["julia", "-i"], "julia")
    spec("julia-1.9", ["julia", "-i"], "Julia", env={"A": "1"})
    found = kernels.find_kernel("", "julia")
    assert (found.kernel, found.interpreter, found.language) == (
        "julia-1.10",
        os.fspath(program),
        "julia",
    )
    assert found.fingerprint != kernels.find_kernel("julia-1.9").fingerprint
    program.write_text("#!/bin/sh\n")
    assert found.fingerprint != kernels.find_kernel("", "julia").fingerprint
    program.unlink()
    with pytest.raises(NotFound, match=r"julia-1.10 cannot .* julia"):
        kernels.find_kernel("julia-1.10")


def test_a_missing_kernel_is_replaced_by_one_of_its_language(spec):
    spec("python3", [sys.executable, "-m", "ipykernel_launcher"])
    spec("aaa", [sys.executable, "-m", "ipykernel_launcher"])
    for name in ("conda-env-foo-py", "python", "python3_mydev"):
        assert kernels.find_kernel(name, "python").kernel == "python3"
        assert kernels.find_substitute(name, "python") == "python3"
    assert kernels.find_substitute("aaa", "python") == ""
    assert kernels.find_substitute("gone", "cobol") == kernels.find_substitute("gone", "") == ""
    for language in ("cobol", ""):
        with pytest.raises(NotFound, match="'gone' is not installed") as refused:
            kernels.find_kernel("gone", language)
        assert "aaa" in refused.value.hint


@pytest.fixture
def conda(tmp_path):
    """An environment of conda, as far as one looks at it; makes programs and packages in it."""
    place = tmp_path / "conda" / "envs" / "sea"
    (place / "conda-meta").mkdir(parents=True)

    def make(*names, packages=()):
        for name in names:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(FAKE)
            (place / name).chmod(0o755)
            facts = {"python": "3.11.0", "build": "", "implementation": "c", "platform": "any"}
            told = json.dumps({**facts, "packages": [], "folders": {}})
            ((place / name).parent / "facts.json").write_text(told)
        for name in packages:
            (place / "conda-meta" / f"{name}.json").touch()
        return place

    return make


def test_kernels_outside_environments_are_listed(spec, interpreter, conda, tmp_path):
    """They have a description. Kernels of nbyard are not among them."""
    place = conda("bin/python", "bin/R", "lib/R/bin/R")
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    spec("a-venv", [os.fspath(interpreter[0]), "-m", "ipykernel"])
    spec("b-conda", [f"{place}/bin/python", "-m", "ipykernel"], display_name="Sea")
    spec("c-r", [f"{place}/lib/R/bin/R", "--slave"], "R")
    run = ["conda", "run", "-p", os.fspath(place), "python", "-m", "ipykernel"]
    spec("d-run", run)
    spec("e-other", ["python"], "R", metadata={"conda_env_path": os.fspath(place)})
    spec("f-system", ["sh"], "bash")
    spec("ours", ["python"], metadata={"nbyard": {"environment": "x"}})
    found = {one.name: one for one in kernels.list_foreign_kernels()}
    assert "ours" not in found
    told = {name: (one.origin, one.place, one.interpreter) for name, one in found.items()}
    assert told["a-venv"] == ("venv", os.fspath(tmp_path / "venv"), os.fspath(interpreter[0]))
    assert told["b-conda"] == ("conda", os.fspath(place), f"{place}/bin/python")
    assert told["c-r"] == ("conda", os.fspath(place), f"{place}/lib/R/bin/R")
    assert told["d-run"] == ("conda", os.fspath(place), f"{place}/bin/python")
    assert told["e-other"] == ("conda", os.fspath(place), f"{place}/bin/R")
    assert told["f-system"][0] == "system" and Path(told["f-system"][2]).is_absolute()
    assert (found["b-conda"].title, found["b-conda"].language) == ("Sea", "python")
    assert all(one.is_there and not one.reason for one in found.values())


def test_a_kernel_without_its_interpreter_is_marked(spec, tmp_path, conda):
    spec("gone", [f"{tmp_path}/away/bin/python"])
    spec("gone-r", ["no-such-R"], "R")
    place = conda("bin/python")
    spec("was", [f"{place}/bin/python"])
    (place / "bin" / "python").unlink()
    found = {one.name: one for one in kernels.list_foreign_kernels()}
    for name in ("gone", "gone-r", "was"):
        assert not found[name].is_there and f"The kernel {name} cannot start" in str(
            found[name].reason
        )
        with pytest.raises(NotFound):
            kernels.find_kernel(name)
    assert found["was"].place == os.fspath(place)


def test_all_packages_of_conda_are_in_the_fingerprint(spec, conda):
    """This includes packages of other languages."""
    place = conda("bin/python", "bin/R", packages=["r-base-4.3-0"])
    spec("p", [f"{place}/bin/python"])
    spec("r", [f"{place}/bin/R"], "R")
    before = [kernels.find_kernel(name).fingerprint for name in "pr"]
    assert before == [kernels.find_kernel(name).fingerprint for name in "pr"]
    conda(packages=["r-dplyr-1.1-0"])
    after = [kernels.find_kernel(name).fingerprint for name in "pr"]
    assert before[0] != after[0] and before[1] != after[1]


def test_a_missing_kernel_is_named_with_the_installed_ones(spec):
    spec("mine", ["julia"], "julia")
    with pytest.raises(NotFound, match="'yours' is not installed") as caught:
        kernels.find_kernel("yours")
    assert "mine" in caught.value.hint
    with pytest.raises(NotFound, match="'cobol' is not installed"):
        kernels.find_kernel("", "cobol")


def test_programs_are_identified_by_path_size_and_time(tmp_path):
    place = tmp_path / "tool"
    place.write_bytes(b"1")
    os.utime(place, ns=(5, 5))
    before = kernels.identify_program(os.fspath(place))
    assert before == kernels.identify_program(os.fspath(place))
    place.write_bytes(b"22")
    os.utime(place, ns=(5, 5))
    assert kernels.identify_program(os.fspath(place)).fingerprint != before.fingerprint
    assert Path(kernels.identify_program("sh").interpreter).is_absolute()
    assert kernels.identify_program("no-such-tool").interpreter == "no-such-tool"


def names_in(found):
    return [package.name for package in found.lock.packages]


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A distribution of the user's own on the path."""
    told = tmp_path / "mine-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    monkeypatch.setenv("PYTHONPATH", os.fspath(tmp_path))
    kernels.cached_packages.clear()
    yield told
    kernels.cached_packages.clear()


def test_packages_of_the_user_count(mine, monkeypatch):
    """The fingerprint includes them if the work sees them."""
    (mine.parent / "cow.py").touch()
    after = kernels.python_interpreter()
    assert "mine" in names_in(after)
    assert {"cow", "pytest", "json"} <= kernels.importable_modules(after)
    monkeypatch.delenv("PYTHONPATH")
    kernels.cached_packages.clear()
    assert after.fingerprint != kernels.python_interpreter().fingerprint


def test_a_lock_has_contents_origin_and_interpreter(mine):
    """The lock file has what is known on this machine."""
    (mine / "RECORD").write_text("mine.py,sha256=abc,3\n")
    url = {"url": "file:///src/mine", "dir_info": {"editable": True}}
    (mine / "direct_url.json").write_text(json.dumps(url))
    lock = kernels.python_interpreter().lock
    assert lock is not None
    found = next(package for package in lock.packages if package.name == "mine")
    digest = hashlib.sha256(b"mine.py,sha256=abc,3\n").hexdigest()
    assert found == Package("mine", "1.0", f"sha256:{digest}", url)
    assert (lock.python, lock.implementation) == (platform.python_version(), "cpython")
    assert lock.platform == sysconfig.get_platform()
    assert [one.name for one in lock.packages] == sorted(
        names_in(kernels.python_interpreter()), key=str.lower
    )
    assert all(one.record for one in lock.packages if one.name in ("pytest", "msgspec"))


def test_a_notebook_that_names_no_kernel_gets_none_of_an_environment(spec):
    """Whatever it is called: Jupyter's own goes before others."""
    ours = {"metadata": {"nbyard": {"environment": "e1"}}}
    spec("alpha", [sys.executable], "python", **ours)
    spec("another", [sys.executable])
    assert kernels.find_kernel("", "python").kernel == "python3"
    spec("first", [sys.executable], "brain", **ours)
    with pytest.raises(NotFound):
        kernels.find_kernel("", "brain")
    spec("second", [sys.executable], "brain")
    assert kernels.find_kernel("", "brain").kernel == "second"


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
