"""Reads projects of NB Workflows and LabFunctions, versions 0.2 and 0.3.

A workflow, which is a notebook with its values and limits, becomes a document. Its schedule and
runtime become entries of nbyard.toml: the runtime as an environment and its image. Variables become
secrets.
"""

import re
import uuid
from collections.abc import Collection, Container, Iterable, Mapping
from typing import Any

import msgspec

from nbyard.domain.automations.times.cron import LEAST_SECONDS, parse_cron
from nbyard.domain.images.structs import (
    NewImage,
    Recipe,
    check_recipe,
    check_reference,
    plain_name,
    registry_place,
)
from nbyard.domain.naming.names import check_name, safe_filename
from nbyard.domain.notices.structs import NoticeEvent
from nbyard.domain.parsing.canonical_json import canonical
from nbyard.domain.parsing.strict_yaml import read_yaml
from nbyard.domain.projects.definitions import EnvironmentEntry, ProjectDefinition
from nbyard.domain.projects.project_checks import SHORT_SSH
from nbyard.domain.projects.schedule_entries import ScheduleEntry
from nbyard.domain.projects.structs import NewProject, NotificationEntry
from nbyard.errors import Invalid, NotFound
from nbyard.importers.protocol import ConvertedProject
from nbyard.reasons.structs import Reason, because

MOST_SHOWN = 80
# Numbers of up to 18 digits fit in 64 bits.
MOST_DIGITS = 18
# Such values ask for nothing.
NOTHING: tuple[Any, ...] = (None, "", False, 0, [], {})
FOLDERS = ("", "workflows/", "notebooks/")
SIX = 6
# The time limit without a field.
SECONDS = 10_800
# Its schedules have no time zone of their own.
ZONE = "UTC"
WORKFLOW = ("alias", "nbtask", "enabled", "wfid", "jobid", "schedule")
TASK = ("nb_name", "params", "runtime", "description", "timeout", "gpu_support")
PLACES = (
    *("version", "machine", "cluster", "docker_name", "docker_version"),
    *("remote_input", "remote_output"),
)
NOTIFICATIONS: dict[str, NoticeEvent] = {
    "notifications_ok": "succeeded",
    "notifications_fail": "failed",
}
TIMING = ("start_in_min", "repeat", "cron", "interval", "enabled")


class Fields:
    """The fields of an object in a file. `left` collects what nbyard cannot keep.

    A value of the wrong type counts as missing, and is recorded there.

    Raises:
        Invalid: The object itself is something else, such as a list.
    """

    def __init__(self, value: Any, place: str, left: list[Reason]):
        if not isinstance(value, Mapping):
            raise Invalid.field(place, "an object is needed")
        self._value = value
        self.place = place
        self.left = left

    def __contains__(self, name: str) -> bool:
        return self._value.get(name) is not None

    def below(self, name: str) -> "Fields":
        """Return the object in a field, an empty one if the field is missing."""
        value = self._value.get(name) or {}
        if not isinstance(value, Mapping):
            self._refuse(name, "an object is needed")
            value = {}
        return Fields(value, self._at(name), self.left)

    def each(self, name: str) -> Iterable[tuple[str, "Fields"]]:
        """Yield the objects in a field, by their names."""
        entries = self.below(name)
        for key in entries._value:
            yield key, entries.below(key)

    def text(self, name: str) -> str:
        """Return a text, "" if the field is missing. Numbers become texts."""
        value = self._value.get(name)
        if value is None:
            return ""
        if isinstance(value, bool | list | dict):
            self._refuse(name, f"text is needed, not {_given(value)}")
            return ""
        # YAML reads `version: 0.2` as a number.
        return str(value)

    def texts(self, name: str) -> list[str]:
        """Return the texts of a list, [] if the field is missing."""
        value = self._value.get(name) or []
        if not isinstance(value, list):
            self._refuse(name, f"a list is needed, not {_given(value)}")
            return []
        for entry in value:
            if not isinstance(entry, str):
                self._refuse(name, f"text is needed, not {_given(entry)}")
        return [*dict.fromkeys(entry for entry in value if isinstance(entry, str))]

    def number(self, name: str) -> int | None:
        """Return a whole number, None if the field is missing. Texts of digits become numbers."""
        value = self._value.get(name)
        if value is None:
            return None
        is_text = isinstance(value, str) and value.isascii() and value.isdecimal()
        if is_text and len(value) <= MOST_DIGITS:
            return int(value)
        if is_text or (isinstance(value, int) and abs(value) >= 10**MOST_DIGITS):
            self._refuse(name, "the number is too large")
        elif isinstance(value, bool) or not isinstance(value, int):
            self._refuse(name, f"a whole number is needed, not {_given(value)}")
        else:
            return value
        return None

    def flag(self, name: str) -> bool:
        """Return true or false, false if the field is missing."""
        value = self._value.get(name, False)
        if not isinstance(value, bool):
            self._refuse(name, f"true or false is needed, not {_given(value)}")
            return False
        return value

    def entries(self, name: str) -> dict[str, Any]:
        """Return the entries of an object, whatever their types, {} if the field is missing."""
        return dict(self.below(name)._value)

    def value(self, name: str) -> Any:
        """Return the value of a field, None if it is missing."""
        return self._value.get(name)

    def leave_out(self, names: Iterable[str], code: str = "import-no-field", **params: Any) -> None:
        """Record which of these fields are set but cannot be kept, with their values.

        `params` are the other parameters of the reason with this code.
        """
        for name in names:
            value = self._value.get(name)
            if not _is_nothing(value):
                shown = str(value)[:MOST_SHOWN]
                self.left.append(because(code, place=self._at(name), value=shown, **params))

    def leave_out_value(self, name: str, value: Any, why: Reason | str) -> None:
        """Record a value of a field that cannot be kept."""
        shown = str(value)[:MOST_SHOWN]
        self.left.append(because("import-bad-value", place=self._at(name), value=shown, why=why))

    def leave_out_others(self, known: Iterable[str]) -> None:
        """Record all fields except the known ones as left out."""
        self.leave_out([name for name in self._value if name not in {*known}])

    def _refuse(self, name: str, why: Reason | str) -> None:
        self.left.append(because("import-wrong-type", place=self._at(name), why=why))

    def _at(self, name: str) -> str:
        return f"{self.place}.{name}" if self.place else name


def _is_nothing(value: Any) -> bool:
    if isinstance(value, Mapping) and value:
        return all(map(_is_nothing, value.values()))
    return value in NOTHING


def _given(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    return str(value)[:MOST_SHOWN]


class ReadWorkflow(msgspec.Struct, frozen=True):
    """The path and text of a workflow document, its schedule, and its notice rules by channel."""

    path: str
    text: str
    schedule: ScheduleEntry | None
    notifications: dict[str, NotificationEntry]


def read_workflow(
    alias: str, fields: Fields, paths: Container[str], runtimes: Container[str]
) -> ReadWorkflow | None:
    """Return a workflow of NB Workflows as a document, None if its notebook does not exist.

    `paths` has the notebooks, `runtimes` the environments of the project.
    """
    own = (*TASK, *PLACES, *NOTIFICATIONS)
    # The first files of version 0.2 have one level.
    is_flat = "nbtask" not in fields
    task = fields if is_flat else fields.below("nbtask")
    fields.leave_out_others((*WORKFLOW, *own) if is_flat else WORKFLOW)
    task.leave_out(PLACES)
    if not is_flat:
        task.leave_out_others((*own, "enabled"))
    name = task.text("nb_name")
    path = _notebook(name, paths)
    if not path:
        place = f"{task.place}.nb_name"
        missing = because("import-no-value", place=place)
        unknown = because("import-no-notebook", place=place, name=name[:200])
        fields.left.append(unknown if name else missing)
        return None
    node = _node(task, path, runtimes)
    # The same file always gives the same document, so that a second conversion changes nothing.
    known = (
        fields.text("wfid")
        or fields.text("jobid")
        or str(uuid.uuid5(uuid.NAMESPACE_URL, f"nb-workflows:{alias}"))
    )
    meta = {"id": known, "title": alias}
    if description := task.text("description"):
        meta["description"] = description
    document = {"version": 1, "meta": meta, "nodes": {"main": node}}
    file = f"{safe_filename(alias)}.nbflow"
    events: dict[str, list[NoticeEvent]] = {}
    for field, event in NOTIFICATIONS.items():
        for name in task.texts(field):
            events.setdefault(check_name(name, f"{task.place}.{field}"), []).append(event)
    notifications = {name: NotificationEntry(chosen, file) for name, chosen in events.items()}
    schedule = _schedule(fields, task, file)
    return ReadWorkflow(file, canonical(document), schedule, notifications)


def _node(task: Fields, path: str, runtimes: Container[str]) -> dict[str, Any]:
    node: dict[str, Any] = {"type": "executable", "path": path}
    if params := task.entries("params"):
        node["arguments"] = {key: {"value": value} for key, value in params.items()}
    node["timeout_seconds"] = task.number("timeout") or SECONDS
    if task.flag("gpu_support"):
        node["gpu"] = 1
    if runtime := task.text("runtime"):
        if runtime in runtimes:
            node["environment"] = runtime
        else:
            place = f"{task.place}.runtime"
            task.left.append(because("import-no-runtime", place=place, value=runtime[:80]))
    return node


def _notebook(name: str, paths: Container[str]) -> str:
    """Return the path of the notebook `name`, which may lack its folder and suffix.

    Return "" if missing.
    """
    if not name:
        return ""
    candidates = (f"{folder}{name}{suffix}" for folder in FOLDERS for suffix in ("", ".ipynb"))
    return next((candidate for candidate in candidates if candidate in paths), "")


def _schedule(fields: Fields, task: Fields, file: str) -> ScheduleEntry | None:
    """Return the schedule of a workflow.

    Cron has precedence over an interval, and an interval over a start. The others are left out.
    """
    timing = fields.below("schedule")
    timing.leave_out_others(TIMING)
    if cron := timing.text("cron"):
        when = _cron(cron, timing)
        timing.leave_out(("interval", "start_in_min"), "import-other-timing", used="cron")
    elif "interval" in timing:
        when = _interval(timing)
        timing.leave_out(("start_in_min",), "import-other-timing", used="interval")
    else:
        minutes = timing.number("start_in_min")
        when = f"in {minutes} minutes" if minutes else ""
    if not when:
        return None
    # What the file leaves out keeps the value that a schedule has on the server.
    given: dict[str, Any] = {}
    if "repeat" in timing:
        repeat = timing.number("repeat")
        if repeat is not None:
            given["at_most"] = repeat if repeat > 0 else None
    if sources := [source for source in (fields, task, timing) if "enabled" in source]:
        given["enabled"] = all(source.flag("enabled") for source in sources)
    # A limit that cannot be read is no permission to run for ever.
    if timing.value("repeat") is not None and "at_most" not in given:
        given["enabled"] = False
    return ScheduleEntry(when, file, zone=ZONE, **given)


def _interval(timing: Fields) -> str:
    """Return the times of an interval in seconds, "" if it is refused."""
    interval = timing.number("interval")
    if interval is None:
        return ""
    if interval < LEAST_SECONDS:
        why = f"at least {LEAST_SECONDS} seconds must lie between due times"
        timing.leave_out(("interval",), "import-bad-value", why=why)
        return ""
    return f"every {interval} seconds"


def _cron(text: str, timing: Fields) -> str:
    """Return a cron expression in nbyard's form, "" if it is refused."""
    fields = text.split()
    # The seconds are the last of six fields there, and the first here.
    when = " ".join([fields[-1], *fields[:-1]] if len(fields) == SIX else fields)
    try:
        parse_cron(when)
    except Invalid as error:
        timing.leave_out_value("cron", text, error.details[0].why)
        return ""
    return when


OF_CONTAINER = (
    *("image", "maintainer", "build_packages", "final_packages", "user", "gpu"),
    "requirements",
)
# The file of a runtime that names none.
REQUIREMENTS = "requirements.txt"
VARIABLE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
QUOTES = "\"'"


def read_runtimes_file(
    fields: Fields, files: Mapping[str, bytes]
) -> tuple[dict[str, EnvironmentEntry], list[NewImage]]:
    """Return the environments and images of a runtimes.yaml.

    `files` has the requirements files by name. The tag of an image has no version if the runtime
    has none.
    """
    environments, images = {}, []
    for key, runtime in fields.each("runtimes"):
        name = check_name(key, runtime.place)
        container = runtime.below("container")
        container.leave_out_others(OF_CONTAINER)
        runtime.leave_out_others(("container", "version", "registry"))
        environments[name] = EnvironmentEntry(_requirements(container, files))
        user, gpu = container.below("user"), container.below("gpu")
        user.leave_out_others(("uid", "gid"))
        gpu.leave_out_others(("cuda",))
        maintainer = container.text("maintainer")
        options: dict[str, tuple[Fields, str, Any]] = {
            "base": (container, "image", container.text("image")),
            "uid": (user, "uid", user.number("uid")),
            "gid": (user, "gid", user.number("gid")),
            "cuda": (gpu, "cuda", gpu.text("cuda")),
            "labels": (container, "maintainer", {"maintainer": maintainer} if maintainer else None),
        }
        kept = {
            option: value
            for option, (fields, name, value) in options.items()
            if value not in (None, "") and _accepts(fields, name, value, option)
        }
        recipe = Recipe(
            **kept,
            build_packages=_packages(container, "build_packages"),
            system_packages=_packages(container, "final_packages"),
        )
        if recipe != Recipe() or "version" in runtime or "registry" in runtime:
            images.append(NewImage(name, tag=_tag(name, runtime), recipe=recipe))
    return environments, images


def _packages(container: Fields, name: str) -> list[str]:
    """Return Debian packages from a list or a spaced text."""
    is_list = isinstance(container.value(name), list)
    packages = container.texts(name) if is_list else container.text(name).split()
    return [each for each in packages if _accepts(container, name, [each], "system_packages")]


def _accepts(fields: Fields, name: str, value: Any, option: str) -> bool:
    """Return whether an option of a recipe can have a value.

    A refused value is recorded as left out.
    """
    try:
        check_recipe(Recipe(**{option: value}))
    except Invalid as error:
        fields.leave_out_value(name, value, error.details[0].why)
        return False
    return True


def _tag(name: str, runtime: Fields) -> str:
    registry = runtime.text("registry")
    tag = f"{registry_place(registry) or 'nbyard'}/{plain_name(name, 'environment')}"
    if registry and not registry_place(registry):
        runtime.leave_out_value(
            "registry", registry, "does not specify a registry, such as registry.example.org:5000/"
        )
    if not (version := runtime.text("version")):
        return tag
    try:
        return check_reference(f"{tag}:{version}")
    except Invalid as error:
        runtime.leave_out_value("version", version, error.details[0].why)
        return tag


def _requirements(container: Fields, files: Mapping[str, bytes]) -> list[str]:
    value = container.value("requirements")
    place = f"{container.place}.requirements"
    if isinstance(value, list):
        lines = [str(line) for line in value]
    else:
        named = container.text("requirements")
        name = named or REQUIREMENTS
        if name not in files:
            if named:
                container.left.append(because("import-no-file", place=place, name=name[:200]))
            return []
        lines = files[name].decode(errors="replace").splitlines()
    kept = [line.strip() for line in lines]
    return [line for line in kept if line and not line.startswith("#")]


def read_variables(content: bytes, filename: str, left: list[Reason]) -> dict[str, str]:
    """Return the secrets in a file with lines such as `KEY="value"`.

    Lines that cannot be kept are added to `left`.

    Raises:
        Invalid: The file is no UTF-8 text.
    """
    try:
        lines = content.decode().splitlines()
    except UnicodeDecodeError as error:
        raise Invalid.field(filename, f"is not UTF-8 text (byte {error.start})") from None
    variables: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if (match := VARIABLE.fullmatch(text)) is None:
            # Without the text of the line, which may hold a secret.
            left.append(because("import-bad-line", place=f"{filename}:{number}"))
            continue
        name, value = match.groups()
        is_quoted = len(value) > 1 and value[0] in QUOTES and value[0] == value[-1]
        variables[name] = value[1:-1] if is_quoted else value
    return variables


PROJECTS = ("labfile.yaml", "workflows.yaml")
RUNTIMES = "runtimes.yaml"
VARIABLES = ".nbvars"
VERSIONS = ("0.2", "0.3")
VERSION = re.compile(r"(0\.[23])(\.\d+)?")
# The user information of a URL ends at the last @ of its server.
LOGIN = re.compile(r"\s*(?P<scheme>(?:[A-Za-z][A-Za-z0-9+.-]*://)?)(?P<user>[^/?#]*)@")
SSH = ("ssh://", "git://")
TOP = ("version", "project", "workflows")
# Files of version 0.2 call the owner `username`.
FACTS = ("projectid", "owner", "username")


def convert_project(files: Mapping[str, bytes], paths: Collection[str]) -> ConvertedProject:
    """Convert a project folder. `files` has small files, `paths` those of all files.

    Raises:
        NotFound: The folder has no project file.
        Invalid: A file is refused. The message says where.
    """
    left: list[Reason] = []
    project_files = [name for name in PROJECTS if name in files]
    if not project_files:
        raise NotFound(f"The folder has none of the files {', '.join(PROJECTS)}.")
    project_file, *others = project_files
    top = _fields(files[project_file], project_file, left)
    for other in others:
        left.append(because("import-other-file", place=other, name=project_file))
    if not VERSION.fullmatch(top.text("version")):
        raise Invalid.field(f"{project_file}.version", f"must be one of {', '.join(VERSIONS)}")
    top.leave_out_others(TOP)
    runtimes = _fields(files.get(RUNTIMES, b"{}"), RUNTIMES, left)
    environments, images = read_runtimes_file(runtimes, files)
    workflows = _workflows(top, paths, environments)
    secrets: dict[str, str] = {}
    for name in sorted(files):
        if name.endswith(VARIABLES):
            secrets |= read_variables(files[name], name, left)
    fields = top.below("project")
    fields.leave_out(("users",))
    fields.leave_out_others(("name", "description", "repository", "users", *FACTS))
    project = NewProject(
        check_name(fields.text("name"), f"{fields.place}.name"),
        fields.text("description"),
        _repository(fields),
        metadata={name: text for name in FACTS if (text := fields.text(name))},
    )
    schedules = {
        check_name(name, f"{project_file}.workflows"): workflow.schedule
        for name, workflow in workflows.items()
        if workflow.schedule
    }
    notifications: dict[str, list[NotificationEntry]] = {}
    for workflow in workflows.values():
        for channel, entry in workflow.notifications.items():
            notifications.setdefault(channel, []).append(entry)
    definition = ProjectDefinition(project, schedules, environments, notifications)
    texts = {workflow.path: workflow.text for workflow in workflows.values()}
    return ConvertedProject(definition, texts, secrets, left, images)


def _repository(fields: Fields) -> str:
    """Return the URL of the repository, without the user of its server, which may be a token."""
    url = fields.text("repository")
    match = LOGIN.match(url)
    if match is None or SHORT_SSH.fullmatch(url.strip()):
        return url
    # A user of SSH is no secret, but its password is.
    if match["scheme"].lower() in SSH and ":" not in match["user"]:
        return url
    fields.left.append(because("import-login", place=f"{fields.place}.repository"))
    return match["scheme"] + url[match.end() :]


def _workflows(
    top: Fields, paths: Collection[str], environments: Collection[str]
) -> dict[str, ReadWorkflow]:
    workflows: dict[str, ReadWorkflow] = {}
    for alias, fields in top.each("workflows"):
        made = read_workflow(alias, fields, paths, environments)
        if made is None:
            continue
        if any(workflow.path == made.path for workflow in workflows.values()):
            raise Invalid.field(
                fields.place, f"another workflow is also imported as {made.path}; rename one"
            )
        workflows[alias] = made
    return workflows


def _fields(content: bytes, filename: str, left: list[Reason]) -> Fields:
    return Fields(read_yaml(content, filename), filename, left)


class NbWorkflowsImporter:
    """Converts project folders of NB Workflows."""

    name = "nb-workflows"
    files: tuple[str, ...] = PROJECTS
    suffixes: tuple[str, ...] = (".yaml", ".txt", ".in", ".nbvars")

    def convert(self, files: Mapping[str, bytes], paths: Collection[str]) -> ConvertedProject:
        """Convert a project folder."""
        return convert_project(files, paths)
