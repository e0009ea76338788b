"""The form of a deployment: presets as data, defaults for omitted fields, and checks."""

import itertools
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from nbyard.domain.deployments.structs import (
    OPEN,
    OPEN_VARIABLE,
    STOP_SECONDS,
    DeploymentChange,
    FieldKind,
    FormField,
    NewDeployment,
    OfferedService,
    Port,
    Preset,
    RevisionSpec,
    ServiceKind,
)
from nbyard.domain.images.structs import VARIABLE, check_reference, fits_pattern
from nbyard.domain.limits import SSH_PORT
from nbyard.domain.models.structs import PORT, READY_PATH
from nbyard.domain.naming.names import check_title, without_accents
from nbyard.domain.naming.unique_names import free_name
from nbyard.domain.presentation import presented_fields
from nbyard.errors import Detail, Invalid
from nbyard.reasons.structs import Reason, because

MAX_PORTS, MAX_WORDS, MAX_VARIABLES = 16, 200, 200
MAX_TEXT = 16 * 1024
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]{0,500}")
# NVIDIA's hook would add the GPUs in NVIDIA_VISIBLE_DEVICES, also those of other tasks.
OURS = ("HOME", "NVIDIA_VISIBLE_DEVICES", "NBYARD_")
# variables that the image of a served model reads
OF_MODELS = (
    "NBYARD_CALL_SECONDS",
    "NBYARD_MAX_BODY_BYTES",
    "NBYARD_MAX_QUEUE_ROWS",
    OPEN_VARIABLE,
)
NOT_PORT_NAME = (
    "is not a valid port name: use lower-case letters and digits, with - between them, at most 63"
    " characters"
)
NOT_PORT = "is not a valid port: must be from 1 to 65535"
# JupyterLab finds its settings, including its password, by these
LABS = ("JUPYTER_CONFIG_DIR", "JUPYTER_CONFIG_PATH", "JUPYTER_NO_CONFIG")
MIN_PASSWORD, MAX_PASSWORD = 9, 200
FORM = "form"  # reserved: the address of the form itself
MAX_TITLE = 45
# A label of a host name has at most 63 characters, so a number fits behind the stem.
MAX_STEM = 55
API = Port("api", PORT, websocket=False)
MODEL = Port("api", PORT, READY_PATH, websocket=False)
LAB = Port("ide", 8888, keep_prefix=True)
CODE = Port("ide", 8080)

OFFERED = (
    OfferedService(
        "api",
        "Model API",
        "A model image built here, or an image with the DEEPaaS API. All users of this machine can"
        " reach the local port of an image with the DEEPaaS API.",
        "",
        [API],
        needs_password=False,
        model_ports=[MODEL],
    ),
    OfferedService(
        "jupyterlab",
        "JupyterLab",
        "JupyterLab with kernels and terminals in the container. All users of this machine can"
        " reach its local port, which requires the password.",
        "quay.io/jupyter/minimal-notebook:latest",
        [LAB],
        needs_password=True,
    ),
    OfferedService(
        "code-server",
        "VS Code",
        "VS Code in the browser (code-server), with terminals in the container. All users of this"
        " machine can reach its local port, which requires the password.",
        "codercom/code-server:latest",
        [CODE],
        needs_password=True,
    ),
    OfferedService(
        "own",
        "Own command",
        "The program of the image, or your command. All users of this machine can reach its local"
        " ports.",
        "",
        [],
        needs_password=False,
    ),
)
SERVICES: Mapping[str, OfferedService] = {service.name: service for service in OFFERED}
IDES = ("jupyterlab", "code-server")

SHOWN = {field.name: field.shown for field in presented_fields(NewDeployment)}


def _field(
    name: str, kind: FieldKind, default: str | float | None = None, *ends: float
) -> FormField:
    """Return a field of the form; `ends` limit a number, or the length of a text."""
    shown, (least, most) = SHOWN[name], ends or (None, None)
    title, unit = shown.label, shown.unit
    return FormField(
        name, title, shown.help, kind, default, least, most, unit, is_advanced=shown.more
    )


TEXTS = (
    _field("title", "text", "", 0, MAX_TITLE),
    _field("description", "long text", "", 0, 1000),
    _field("name", "text", "", 0, 63),
)
MORE = (
    _field("password", "password", "", MIN_PASSWORD, MAX_PASSWORD),
    _field("command", "words"),
    _field("environment", "pairs"),
    _field("ports", "ports"),
    _field("start_seconds", "number", 300, 1, 3600),
    _field("stop_seconds", "number", STOP_SECONDS, 0, 3600),
)


def wrong_variables(spec: RevisionSpec) -> Iterator[Detail]:
    """Yield the refused variables, each with the reason."""
    ours = OURS + LABS if spec.service == "jupyterlab" else OURS
    if len(spec.environment) > MAX_VARIABLES:
        yield Detail("environment", f"may have at most {MAX_VARIABLES} variables")
    for name, value in spec.environment.items():
        if not VARIABLE.fullmatch(name):
            yield Detail("environment", f"{name[:40]!r} is not a valid variable name")
        elif name.startswith(ours) and name not in OF_MODELS:
            yield Detail(f"environment.{name[:40]}", "is set by nbyard itself")
        elif name == OPEN_VARIABLE and value != OPEN:
            yield Detail(f"environment.{name}", f"must be {OPEN}, or be left out")
        elif len(value) > MAX_TEXT:
            yield Detail(f"environment.{name[:40]}", f"may have at most {MAX_TEXT} characters")


def wrong_ports(spec: RevisionSpec) -> Iterator[Detail]:
    """Yield the refused ports, each with the reason."""
    if len(spec.ports) > MAX_PORTS:
        yield Detail("ports", f"may have at most {MAX_PORTS} entries")
    if not spec.ports and spec.service != "own":
        yield Detail("ports", "at least one is needed")
    names, numbers = set[str](), set[int]()
    for index, port in enumerate(spec.ports[:MAX_PORTS]):
        if not LABEL.fullmatch(port.name) or port.name in names:
            why = "is used by another port" if port.name in names else NOT_PORT_NAME
            yield Detail(f"ports.{index}.name", f"{port.name[:80]!r} {why}")
        if not 1 <= port.port <= 65535 or port.port in numbers:
            why = "appears twice" if port.port in numbers else NOT_PORT
            yield Detail(f"ports.{index}.port", f"{port.port} {why}")
        elif port.port == SSH_PORT:
            yield Detail(f"ports.{index}.port", f"port {SSH_PORT} is that of SSH")
        if not PATH.fullmatch(port.path):
            yield Detail(f"ports.{index}.path", "must begin with / and be written as in a URL")
        names.add(port.name)
        numbers.add(port.port)


def _hardware(
    cpu: tuple[int, int, int], memory: tuple[int, int, int], gpus: int
) -> tuple[FormField, ...]:
    """Return the hardware fields: default, minimum and maximum each, and at most `gpus` GPUs."""
    return (
        _field("cpu", "number", *cpu),
        _field("memory_gb", "number", *memory),
        _field("disk_gb", "number", 10, 1, 50),
        _field("gpu", "number", 0, 0, gpus),
    )


PRESETS = (
    Preset("standard", "Standard", [*TEXTS, *_hardware((4, 1, 10), (8, 2, 40), 1), *MORE]),
    Preset("tutorial", "Tutorial", [*TEXTS, *_hardware((2, 2, 4), (4, 2, 4), 0), *MORE]),
)


def presets_for(cores: float, memory_bytes: float) -> tuple[Preset, ...]:
    """Return the presets with defaults that fit a machine.

    `cores` and `memory_bytes` are those of the machine. The allowed ranges stay.
    """
    there = {"cpu": cores, "memory_gb": memory_bytes / 2**30}
    presets = []
    for preset in PRESETS:
        fields = []
        for field in preset.fields:
            most, default = there.get(field.name, math.inf), field.default
            if isinstance(default, int) and default > most:
                default = max(int(most), int(field.least or 0))
            fields.append(msgspec.structs.replace(field, default=default))
        presets.append(msgspec.structs.replace(preset, fields=fields))
    return tuple(presets)


def complete_request(
    new: NewDeployment, presets: Sequence[Preset] = PRESETS
) -> tuple[str, RevisionSpec]:
    """Return the host name and the specification of a new deployment.

    Omitted fields have the defaults of the preset and the service.

    Raises:
        Invalid: with one detail for each refused field.
    """
    preset = _preset(new.preset, presets)
    service = SERVICES[new.service]
    numbers = {name: getattr(new, name) for name in _numbers(preset)}
    values = {
        name: field.default if (said := numbers[name]) is None else said
        for name, field in _numbers(preset).items()
    }
    name = new.name or name_of(new.title or new.image or new.service)
    spec = RevisionSpec(
        service=new.service,
        image=new.image or service.image,
        preset=new.preset,
        command=list(new.command),
        environment=dict(new.environment),
        ports=list(service.ports) if new.ports is None else _ports(service, new.ports),
        **values,  # type: ignore[arg-type]  # as the fields of the same names are
    )
    wrong = [*_wrong_texts(preset, {"title": new.title, "description": new.description})]
    if not name:
        wrong.append(
            Detail(
                "name",
                "is needed: lower-case letters and digits, with - between them, at most 63"
                " characters",
            )
        )
    elif not LABEL.fullmatch(name) or name == FORM:
        wrong.append(
            Detail(
                "name",
                f"{name[:80]!r} is not a valid host name: use lower-case letters and digits, with"
                " - between them, at most 63 characters",
            )
        )
    wrong += [*_wrong_password(new.service, new.password), *_wrong_spec(preset, spec)]
    _refuse(wrong)
    return name, _with_tag(spec)


def _ports(service: OfferedService, ports: Sequence[Port]) -> list[Port]:
    """Return the ports of a request; an IDE keeps its own port beside them."""
    if service.name not in IDES:
        return list(ports)
    names, numbers = {port.name for port in ports}, {port.port for port in ports}
    own = [port for port in service.ports if port.name not in names and port.port not in numbers]
    return [*own, *ports]


def apply_change(spec: RevisionSpec, change: DeploymentChange) -> RevisionSpec:
    """Return the specification with the changed fields.

    Raises:
        Invalid: with one detail for each refused field.
    """
    said = {
        name: value
        for name in RevisionSpec.__struct_fields__
        if (value := getattr(change, name, msgspec.UNSET)) is not msgspec.UNSET
    }
    if "ports" in said:
        said["ports"] = _ports(SERVICES[spec.service], said["ports"])
    made = msgspec.structs.replace(spec, **said)
    preset = _preset(spec.preset)
    texts = {"title": change.title, "description": change.description}
    given = {name: text for name, text in texts.items() if isinstance(text, str)}
    wrong = [*_wrong_texts(preset, given), *_wrong_spec(preset, made)]
    if isinstance(change.password, str):
        wrong += _wrong_password(spec.service, change.password)
    _refuse(wrong)
    return _with_tag(made)


def warnings_of(spec: RevisionSpec, ide_images: Sequence[str] = ()) -> list[Reason]:
    """Return warnings about allowed settings that may be mistakes.

    `ide_images` are patterns of images that may act in the browser as JupyterLab itself.
    """
    tag = spec.image.rpartition(":")[2].lower()
    parts = set(re.split(r"[^a-z]+", tag))
    warnings = []
    if not spec.gpu and parts & {"gpu", "cuda"}:
        warnings.append(because("tag-for-gpus", tag=tag))
    if spec.gpu and "cpu" in parts:
        warnings.append(because("tag-for-cpu", tag=tag))
    if spec.service in IDES and not fits_pattern(spec.image, ide_images):
        warnings.append(because("ide-in-sandbox", image=spec.image))
    return warnings


def name_of(title: str) -> str:
    """Return a host name derived from a title, or from the last part of an image's name."""
    # `registry:5000/team/cows:2` becomes `cows`. Without a tag, the name is the last item.
    last = title.rpartition("/")[2].partition("@")[0].rpartition(":")
    host_name = re.sub(r"[^a-z0-9]+", "-", without_accents(last[0] or last[2])).strip("-")
    return host_name[:63].strip("-")


def free_host(taken: Collection[str], like: str) -> str:
    """Return a free host name: the stem of `like` with a number."""
    # `cows-2` becomes `cows-3`, not `cows-2-2`.
    stem = re.sub(r"-[0-9]+\Z", "", like)[:MAX_STEM]
    free = (f"{stem}-{number}" for number in itertools.count(2))
    return next(name for name in free if name not in taken)


def free_title(taken: Collection[str], title: str) -> str:
    """Return the title, shortened and numbered if another deployment has it."""
    if free_name(taken, title) == title:
        return title
    stem = title[: MAX_TITLE - len(" 99")].rstrip()
    return free_name([*taken, stem], stem)


def _preset(name: str, presets: Sequence[Preset] = PRESETS) -> Preset:
    for preset in presets:
        if preset.name == name:
            return preset
    known = [preset.name for preset in PRESETS]
    raise Invalid.field(
        "preset", f"unknown preset {name[:80]!r}; must be one of {', '.join(known)}"
    )


def _numbers(preset: Preset) -> dict[str, FormField]:
    return {field.name: field for field in preset.fields if field.kind == "number"}


def _refuse(wrong: Sequence[Detail]) -> None:
    if wrong:
        raise Invalid.fields(wrong)


def _with_tag(spec: RevisionSpec) -> RevisionSpec:
    return msgspec.structs.replace(spec, image=check_reference(spec.image, "image"))


def _wrong_texts(preset: Preset, texts: Mapping[str, str]) -> Iterator[Detail]:
    fields = {field.name: field for field in preset.fields}
    for name, text in texts.items():
        most = int(fields[name].most or 0)
        if len(text) > most:
            yield Detail(name, f"may have at most {most} characters, but has {len(text)}")
        elif name == "title":
            try:
                check_title(text)
            except Invalid as error:
                yield from error.details


def _wrong_password(service: ServiceKind, password: str) -> Iterator[Detail]:
    if not SERVICES[service].needs_password:
        if password:
            problem = f"is only used by {' and '.join(IDES)}, not by {service}"
            yield Detail.of("password", problem)
    elif not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        problem = f"must have {MIN_PASSWORD} to {MAX_PASSWORD} characters"
        yield Detail.of("password", problem)


def _wrong_spec(preset: Preset, spec: RevisionSpec) -> Iterator[Detail]:
    if not spec.image:
        yield Detail("image", "is needed")
    else:
        try:
            check_reference(spec.image, "image")
        except Invalid as error:
            yield from error.details
    for name, field in _numbers(preset).items():
        value, least, most = getattr(spec, name), field.least or 0, field.most or 0
        if math.isfinite(value) and least <= value <= most:
            continue
        unit, given = f" {field.unit}" if field.unit else "", f"{value:g}"
        low, high = f"{least:g}", f"{most:g}"
        problem = f"must be from {low} to {high}{unit}, not {given}"
        if least == most:
            problem = f"must be {low}{unit}, not {given}"
        yield Detail.of(field.name, problem)
    if len(spec.command) > MAX_WORDS or any(len(word) > MAX_TEXT for word in spec.command):
        problem = f"may have at most {MAX_WORDS} words of at most {MAX_TEXT} characters"
        yield Detail.of("command", problem)
    if spec.command and spec.service in IDES:
        yield Detail("command", f"cannot be set for {spec.service}, which has a fixed command")
    yield from wrong_variables(spec)
    yield from wrong_ports(spec)
