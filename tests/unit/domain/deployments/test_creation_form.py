"""Missing values are filled in, and given values are checked against their ranges."""

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.deployments.creation_form import (
    OFFERED,
    PRESETS,
    apply_change,
    complete_request,
    free_host,
    free_title,
    name_of,
    presets_for,
    warnings_of,
)
from nbyard.domain.deployments.structs import DeploymentChange, NewDeployment, Port
from nbyard.errors import Invalid
from nbyard.reasons.structs import because

NUMBERS = {
    (preset.name, field.name): field
    for preset in PRESETS
    for field in preset.fields
    if field.kind == "number"
}


def refused(**said) -> list[str]:
    with pytest.raises(Invalid) as caught:
        complete_request(NewDeployment(**({"image": "cows:1", "name": "cows"} | said)))
    return [detail.path for detail in caught.value.details]


def test_only_the_image_is_required():
    name, spec = complete_request(
        NewDeployment("registry.test:5000/team/Cow Model:2".replace(" M", "-m").lower())
    )
    assert name == "cow-model"
    assert (spec.cpu, spec.memory_gb, spec.disk_gb, spec.gpu) == (4, 8, 10, 0)
    assert [port.port for port in spec.ports] == [5000]


def test_the_ranges_equal_those_of_the_dashboard():
    standard = {name: f for (preset, name), f in NUMBERS.items() if preset == "standard"}
    told = {name: (f.least, f.most, f.default) for name, f in standard.items()}
    assert told["cpu"] == (1, 10, 4)
    assert told["memory_gb"] == (2, 40, 8)
    assert told["disk_gb"] == (1, 50, 10)
    assert told["gpu"] == (0, 1, 0)
    tutorial = {name: (f.least, f.most) for (p, name), f in NUMBERS.items() if p == "tutorial"}
    assert (tutorial["cpu"], tutorial["memory_gb"], tutorial["gpu"]) == ((2, 4), (2, 4), (0, 0))
    assert refused(title="x" * 46, description="y" * 1001) == ["title", "description"]
    assert refused(title="\ufeffcows") == refused(title="c\x1b[2J") == ["title"]


@given(st.sampled_from(sorted(NUMBERS)), st.floats(allow_nan=True))
def test_a_number_is_used_or_refused_by_name(which, value):
    preset, name = which
    field = NUMBERS[which]
    said = NewDeployment("cows:1", preset=preset, **{name: value})
    if field.least <= value <= field.most:
        assert getattr(complete_request(said)[1], name) == value
    else:
        with pytest.raises(Invalid) as caught:
            complete_request(said)
        assert [detail.path for detail in caught.value.details] == [name]


@given(st.sampled_from(PRESETS), st.sampled_from(OFFERED))
def test_defaults_are_in_their_ranges(preset, service):
    password = "123456789" if service.needs_password else ""
    name, spec = complete_request(
        NewDeployment(
            "" if service.image else "a:1", service.name, "x", preset=preset.name, password=password
        )
    )
    assert name == "x" and spec.ports == service.ports
    assert apply_change(spec, DeploymentChange()) == spec


@pytest.mark.parametrize("service", ["jupyterlab", "code-server"])
def test_ides_need_a_password(service):
    """The password has at least nine characters."""
    assert refused(service=service) == ["password"]
    assert refused(service=service, password="12345678") == ["password"]
    spec = complete_request(NewDeployment(service=service, name="x", password="123456789"))[1]
    assert "123456789" not in repr(spec)
    with pytest.raises(Invalid):
        apply_change(spec, DeploymentChange(password="short"))
    assert refused(service=service, password="123456789", command=["sh"]) == ["command"]
    assert refused(password="123456789") == ["password"], "an API has none"


@pytest.mark.parametrize(
    "name", ["Cows", "-a", "a-", "a_b", "a.b", "a/b", "x" * 64, "form", "ü", "a b"]
)
def test_a_host_name_is_a_part_of_an_address(name):
    assert refused(name=name) == ["name"]


def test_a_service_with_its_own_image_needs_only_a_password():
    name, spec = complete_request(NewDeployment(service="jupyterlab", password="123456789"))
    assert (name, spec.image) == ("jupyterlab", "quay.io/jupyter/minimal-notebook:latest")
    with pytest.raises(Invalid) as caught:
        complete_request(NewDeployment())
    assert [detail.path for detail in caught.value.details] == ["image"]


def test_an_ide_keeps_its_own_port():
    asked = NewDeployment(service="jupyterlab", password="123456789", ports=[Port("api", 5000)])
    spec = complete_request(asked)[1]
    assert [(port.name, port.port) for port in spec.ports] == [("ide", 8888), ("api", 5000)]
    changed = apply_change(spec, DeploymentChange(ports=[Port("web", 8000)]))
    assert [port.name for port in changed.ports] == ["ide", "web"]
    other = apply_change(spec, DeploymentChange(ports=[Port("ide", 8889)]))
    assert [port.port for port in other.ports] == [8889]


def test_every_wrong_field_is_named():
    found = refused(
        image="No Image", cpu=99, environment={"1": "x", "HOME": "/"},
        ports=[Port("a", 1), Port("a", 1), Port("B", 0, "x")],
    )  # fmt: skip
    assert found == [
        "image", "cpu", "environment", "environment.HOME", "ports.1.name", "ports.1.port",
        "ports.2.name", "ports.2.port", "ports.2.path",
    ]  # fmt: skip
    assert refused(preset="none") == ["preset"]
    assert refused(image="") == ["image"]
    assert refused(ports=[]) == ["ports"]
    assert complete_request(NewDeployment("a:1", "own", "x", ports=[]))[1].ports == []


@pytest.mark.parametrize("name", ["JUPYTER_CONFIG_DIR", "JUPYTER_CONFIG_PATH", "JUPYTER_NO_CONFIG"])
def test_the_password_variable_of_jupyterlab_is_reserved(name):
    told = {"service": "jupyterlab", "password": "123456789", "environment": {name: "/"}}
    assert refused(**told) == [f"environment.{name}"]
    assert complete_request(NewDeployment("a:1", "own", "x", environment={name: "/"}))


@given(st.text(max_size=200))
def test_any_title_gives_a_valid_name_or_none(title):
    name = name_of(title)
    assert name == "" or complete_request(
        NewDeployment("a:1", name=name if name != "form" else "a")
    )


def test_accented_letters_keep_their_base_letter():
    assert name_of("École Ünïcode 日本") == "ecole-unicode"


@pytest.mark.parametrize(
    ("image", "gpu", "word"),
    [("cows:1-gpu", 0, "GPUs"), ("cows:cuda12.6", 0, "GPUs"), ("cows:cpu", 1, "CPU"),
     ("cows:1-gpu", 1, ""), ("cows:latest", 0, "")],
)  # fmt: skip
def test_a_contradicting_tag_is_a_warning(image, gpu, word):
    found = warnings_of(complete_request(NewDeployment(image, name="x", gpu=gpu))[1])
    assert [word in str(one) for one in found] == ([True] if word else [])


def test_an_untrusted_ide_is_a_warning():
    spec = complete_request(NewDeployment("lab:1", "jupyterlab", "x", password="123456789"))[1]
    assert warnings_of(spec) == [because("ide-in-sandbox", image="lab:1")]
    assert warnings_of(spec, ["lab:*"]) == []


@given(st.from_regex(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True), st.integers(0, 12))
def test_a_free_host_name_is_unchanged(like, count):
    """A taken name gets the next free number."""
    taken = [like]
    for _ in range(count):
        taken.append(free_host(taken, taken[-1]))
    assert len(set(taken)) == len(taken)
    assert {complete_request(NewDeployment("cows:1", name=name))[0] for name in taken} == set(taken)


def test_a_numbered_name_is_increased():
    assert free_host(["cows"], "cows") == "cows-2"
    assert free_host(["cows-2", "cows-3"], "cows-2") == "cows-4"


def test_a_taken_title_is_numbered():
    assert free_title([], "c" * 45) == "c" * 45
    assert free_title(["cows", "cows 2"], "cows") == "cows 3"
    assert free_title(["c" * 45], "c" * 45) == f"{'c' * 42} 2"


def test_omitted_fields_are_kept():
    spec = complete_request(NewDeployment("cows:1", name="x", environment={"A": "b"}))[1]
    made = apply_change(spec, DeploymentChange(image="cows", cpu=2))
    assert made == msgspec.structs.replace(spec, image="cows:latest", cpu=2)
    with pytest.raises(Invalid) as caught:
        apply_change(spec, DeploymentChange(memory_gb=1, title="x" * 46))
    assert [detail.path for detail in caught.value.details] == ["title", "memory_gb"]


def test_limits_of_a_model_can_be_set():
    """The image reads them. All other variables of that prefix are reserved."""
    spec = complete_request(
        NewDeployment("a:1", name="x", environment={"NBYARD_CALL_SECONDS": "600"})
    )[1]
    assert spec.environment == {"NBYARD_CALL_SECONDS": "600"}
    for value in ("0", "false", ""):
        assert refused(environment={"NBYARD_OPEN_PORT": value}) == ["environment.NBYARD_OPEN_PORT"]
    assert refused(environment={"NBYARD_MODEL": "x"}) == ["environment.NBYARD_MODEL"]


@given(st.floats(0.1, 64), st.floats(2**28, 2**37))
def test_default_hardware_fits_the_machine_and_its_range(cores, memory_bytes):
    for preset, known in zip(presets_for(cores, memory_bytes), PRESETS, strict=True):
        for field, before in zip(preset.fields, known.fields, strict=True):
            most = {"cpu": cores, "memory_gb": memory_bytes / 2**30}.get(field.name)
            if most is None:
                assert field == before
            else:
                found: Any = field.default
                least: Any = before.least
                assert least <= found <= before.default
                assert found <= max(most, least)
    assert presets_for(math.inf, math.inf) == PRESETS
    spec = complete_request(NewDeployment("a:1", name="a"), presets_for(2, 5 * 2**30))[1]
    assert (spec.cpu, spec.memory_gb) == (2, 5)
