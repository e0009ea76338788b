"""Images: recipes, names, and the state of builds, pulls and pushes."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Annotated, Literal

import msgspec

from nbyard.domain.digest import digest_of
from nbyard.domain.images.dockerfile_parser import FailedLine
from nbyard.domain.naming.names import without_accents
from nbyard.domain.presentation import shown
from nbyard.domain.state_machines import ImageState
from nbyard.errors import Detail, Invalid
from nbyard.reasons.structs import Reason

BUILD_LOG = "build.log"
# the usual ID of the user `nobody`
NOBODY = 65534
MAX_ID = 2**31 - 1
MAX_OWN = 64 * 1024
MAX_PACKAGES = 500
MARKER = "# --- Below this line is yours: it is kept when what stands above is made anew. ---"
SEAL = "# Digest of the lines above the marker: "
OWN_HINT = (
    "Write your lines below the marker. Set base, packages and user with options (nbyard images"
    " build --help). nbyard images dockerfile prints the generated Dockerfile. To build a"
    " Dockerfile of your own, pass its path."
)
CUDA_WITH_NEWER_SYSTEM = (12, 6)

# Debian package names, with an optional version
PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+(:[a-z0-9-]+)?(=[A-Za-z0-9.+:~-]+)?")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
LABEL = re.compile(r"[a-z0-9]([a-z0-9._/-]{0,126}[a-z0-9])?")
CUDA = re.compile(r"(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?")
# Characters that end or continue a line of a Dockerfile, or begin a here-document.
# `quoted` escapes the others that have a meaning in quotes.
UNWRITABLE = re.compile(r"[\x00-\x1f\x7f\\`\u2028\u2029\x85]|<<")
# labels are for programs, so they need no quoted characters
UNQUOTABLE = re.compile(rf'["$]|{UNWRITABLE.pattern}')

# the grammar of image names in registries and engines
LABEL_OF_HOST = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
HOST = rf"(?:{LABEL_OF_HOST}(?:\.{LABEL_OF_HOST})*|\[[0-9a-fA-F:]+\])(?::[0-9]{{1,5}})?"
PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
REFERENCE = re.compile(
    rf"(?P<name>(?:{HOST}/)?{PART}(?:/{PART})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?P<digest>@sha256:[0-9a-f]{64})?"
)
PLACE = re.compile(rf"{HOST}(?:/{PART})*")
PUBLIC = "docker.io"
# all names of Docker Hub
PUBLIC_NAMES = {PUBLIC, "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"}
MAX_NAME = 255

Origin = Literal["build", "pull", "push"]


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The options for the image of an environment, besides its packages.

    `base` is an image. If empty, it is the one in the settings, or NVIDIA's if a `cuda` version
    is set. `system_packages` are Debian packages. `build_packages` are needed only while Python
    packages are built. The image runs as `uid` and `gid`, which are never root's. `project` is
    a folder below the root whose files are copied to `/project`. `own` are lines for the end of
    the Dockerfile.
    """

    base: Annotated[
        str,
        shown("Base image", order=1, option_help="Base image (ARG BASE).", metavar="IMAGE"),
    ] = ""
    system_packages: Annotated[
        list[str],
        shown(
            "System packages",
            order=5,
            widget="names",
            option="--system-package",
            option_help="Debian package to install.",
        ),
    ] = []
    build_packages: Annotated[
        list[str],
        shown(
            "Packages for building only",
            order=6,
            widget="names",
            option="--build-package",
            option_help="Debian package for building Python packages only.",
        ),
    ] = []
    uid: Annotated[
        int, shown("User id", order=3, option_help="User ID in the container; not root.")
    ] = NOBODY
    gid: Annotated[
        int, shown("Group id", order=4, option_help="Group ID in the container; not root.")
    ] = NOBODY
    cuda: Annotated[
        str,
        shown(
            "CUDA version",
            order=2,
            option_help="CUDA version of NVIDIA's base image.",
            metavar="VERSION",
        ),
    ] = ""
    variables: Annotated[
        dict[str, str],
        shown("Environment variables", order=8, placeholder="NAME=VALUE", option="--variable"),
    ] = {}
    labels: Annotated[
        dict[str, str], shown("Labels", order=9, placeholder="NAME=VALUE", option="--label")
    ] = {}
    project: Annotated[
        str,
        shown(
            "Project folder",
            order=7,
            placeholder="The files of this folder are copied to /project",
            option_help="Folder whose files are copied to /project.",
            metavar="FOLDER",
        ),
    ] = ""
    for_notebooks: Annotated[
        bool,
        shown(
            option="--for-notebooks/--for-scripts",
            option_help="Add the packages that execute notebooks, or leave them out.",
        ),
    ] = True
    own: str = ""


class ImageSpec(msgspec.Struct, frozen=True):
    """Everything that the text of a Dockerfile depends on.

    With `has_project`, a folder `project` is beside it.
    """

    recipe: Recipe = Recipe()
    requirements: Sequence[str] = ()
    base: str = ""
    has_project: bool = False


class NewImage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An image to build: for an `environment`, or from the Dockerfile at `path`.

    `version` is by default the installed version of the environment. Without a `recipe`, the
    environment's newest image provides it. The recipe for a Dockerfile may only set a base, for
    its `ARG BASE`. `tag` is the image's name, by default `nbyard/ENVIRONMENT:VERSION`.
    """

    environment: str = ""
    version: int = 0
    path: str = ""
    tag: str = ""
    recipe: Recipe | None = None


class ImageName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The name of an image, such as `registry.example.org:5000/team/cows:2`.

    For a push, a name that ends in `/` is prepended to the image's own name.
    """

    reference: str


class PulledImage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The name of an image in a registry to pull.

    It can be listed among the images of an `environment` (by name or ID).
    """

    reference: Annotated[str, shown("Name", argument=True, metavar="NAME:TAG")]
    environment: str = ""


class DockerfileText(msgspec.Struct, frozen=True):
    """The `text` of the Dockerfile of an image, and its recipe.

    Users may change the recipe's `own` lines, after the line `marker`.
    """

    text: str
    recipe: Recipe
    marker: str
    reference: str


class NamedImage(msgspec.Struct, frozen=True):
    """A name of an image on the engine, and its origin: built, pulled, or pushed to a registry.

    `digest` covers everything in the build, or is the registry's digest. `cached` means that
    there was nothing to do. `failed_line` is where a build failed.
    """

    id: str
    reference: str
    origin: Origin
    state: ImageState
    environment: str
    version: int
    path: str
    source: str
    recipe: Recipe
    digest: str
    image_id: str
    size_bytes: int | None
    cached: bool
    reason: Reason | None
    failed_line: FailedLine | None
    owner: str
    created_at: datetime
    finished_at: datetime | None = None


def image_folder(image_id: str) -> str:
    """Return the folder of an image's log, below the store."""
    return f"builds/{image_id}"


def check_recipe(recipe: Recipe) -> None:
    """Refuse values that could become another line or option of a Dockerfile.

    Raises:
        Invalid: with one detail for each field.
    """
    wrong: list[tuple[str, str]] = []
    if recipe.base and (problem := _reference_problem(recipe.base)):
        wrong.append(("base", problem))
    for name in ("system_packages", "build_packages"):
        packages: list[str] = getattr(recipe, name)
        if len(packages) > MAX_PACKAGES:
            wrong.append((name, f"has more than {MAX_PACKAGES} packages"))
        wrong += [
            (f"{name}.{index}", f"{package[:80]!r} is not a valid Debian package name")
            for index, package in enumerate(packages)
            if not PACKAGE.fullmatch(package)
        ]
    for name, number in (("uid", recipe.uid), ("gid", recipe.gid)):
        if not 0 < number <= MAX_ID:
            wrong.append((name, f"must be from 1 to {MAX_ID}: images do not run as root"))
    if recipe.cuda and not CUDA.fullmatch(recipe.cuda):
        wrong.append(("cuda", f"{recipe.cuda[:40]!r} is not a CUDA version such as 12.6 or 12.4.1"))
    wrong += _wrong_texts("variables", recipe.variables, VARIABLE, UNWRITABLE)
    wrong += _wrong_texts("labels", recipe.labels, LABEL, UNQUOTABLE)
    if len(recipe.own.encode()) > MAX_OWN or "\x00" in recipe.own:
        wrong.append(("own", f"must be text of at most {MAX_OWN} bytes"))
    if wrong:
        raise Invalid.fields([Detail.of(f"recipe.{name}", problem) for name, problem in wrong])


def _wrong_texts(
    field: str, given: Mapping[str, str], form: re.Pattern[str], bad: re.Pattern[str]
) -> Iterator[tuple[str, str]]:
    for name, value in given.items():
        if not form.fullmatch(name):
            kind = "label" if field == "labels" else "variable"
            yield field, f"{name[:40]!r} is not a valid {kind} name"
        elif match := bad.search(value):
            yield f"{field}.{name}", f"may not contain {match.group()!r}"


def quote_for_dockerfile(text: str) -> str:
    """Quote a text for a Dockerfile and escape its special characters."""
    return '"' + re.sub(r'(["$])', r"\\\1", text) + '"'


def _reference_problem(text: str) -> str | None:
    matched = REFERENCE.fullmatch(text)
    if not matched or len(matched["name"]) > MAX_NAME:
        return (
            f"{text[:80]!r} is not a valid image name: write [host[:port]/]name[:tag], with"
            " lower-case letters, digits and . _ - between them"
        )
    return None


def check_reference(text: str, field: str = "reference") -> str:
    """Return the name of an image, with the tag `latest` if it has neither tag nor digest.

    Raises:
        Invalid: the name is invalid; the message shows the allowed form.
    """
    if problem := _reference_problem(text):
        raise Invalid.field(field, problem)
    matched = REFERENCE.fullmatch(text)
    assert matched is not None
    return text if matched["tag"] or matched["digest"] else f"{text}:latest"


def registry_of(reference: str) -> str:
    """Return the host (and port) in the name of an image, else "".

    As in the engine, the first part is a host if it contains a dot or a colon, or is
    `localhost`.
    """
    first, slash, _ = reference.partition("/")
    is_host = slash and ("." in first or ":" in first or first == "localhost")
    return first if is_host else ""


def repository_of(reference: str) -> str:
    """Return the full name of an image without tag and digest.

    The public registry is added to names without registry: `docker.io/library/python` for
    `python:3`.
    """
    name = reference.partition("@")[0]
    path, _, last = name.rpartition("/")
    name = f"{path}/{last.partition(':')[0]}".lstrip("/")
    host = registry_of(name)
    if host and host.lower() not in PUBLIC_NAMES:
        return f"{host.lower()}{name.removeprefix(host)}"
    path = name.removeprefix(f"{host}/") if host else name
    # Docker Hub's official images are below library
    return f"{PUBLIC}/{path}" if "/" in path else f"{PUBLIC}/library/{path}"


def fits_pattern(image: str, patterns: Iterable[str]) -> bool:
    """Return whether the name of an image fits a pattern. `*` stands for any characters."""
    return any(
        re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), image) for pattern in patterns
    )


def registry_place(text: str) -> str:
    """Return the registry, with its optional path, that a user means; "" if it is invalid.

    `text` is a host, or its address as clients show it.
    """
    # `docker login` stores Docker Hub as `https://index.docker.io/v1/`.
    plain = re.sub(r"^https?://|/+$", "", text.strip())
    plain = re.sub(r"/v[12]$", "", plain)
    host, slash, path = plain.partition("/")
    host = PUBLIC if host.lower() in PUBLIC_NAMES else host.lower()
    return host + slash + path if PLACE.fullmatch(f"{host}{slash}{path}") else ""


def push_target(reference: str, wanted: str) -> str:
    """Return the name for a push.

    It is `wanted`, or `wanted` before the image's own name if it ends in `/`. If `wanted` is
    empty, it is the image's own name.

    Raises:
        Invalid: the name has no registry.
    """
    own = reference.removeprefix(f"{registry_of(reference)}/")
    target = check_reference(f"{wanted}{own}" if wanted.endswith("/") else wanted or reference)
    if "@" in target:
        raise Invalid.field("reference", "an image is pushed to a tag, not to a digest")
    if not registry_of(target):
        raise Invalid.field(
            "reference", "does not specify a registry, such as registry.example.org:5000/"
        )
    return target


def default_reference(name: str, version: int, cuda: str = "") -> str:
    """Return the default name of the image of an environment version."""
    plain = plain_name(name, "environment")
    return f"nbyard/{plain}:{version}" + (f"-cuda{cuda}" if cuda else "")


def plain_name(name: str, kind: str) -> str:
    """Convert a user's name to a part of an image name."""
    plain = re.sub(r"[^a-z0-9]+", "-", without_accents(name)).strip("-")[:100].strip("-")
    return plain or f"{kind}-" + digest_of(name).removeprefix("sha256:")[:8]


def base_of(recipe: Recipe, default: str) -> str:
    """Return the base image: as set, NVIDIA's for a CUDA version, else the default."""
    if recipe.base or not recipe.cuda:
        return recipe.base or default
    matched = CUDA.fullmatch(recipe.cuda)
    assert matched is not None
    major, minor, patch = int(matched[1]), int(matched[2]), matched[3] or "0"
    system = "24.04" if (major, minor) >= CUDA_WITH_NEWER_SYSTEM else "22.04"
    return f"nvidia/cuda:{major}.{minor}.{patch}-runtime-ubuntu{system}"


def add_digest_line(made: str) -> str:
    """Add a digest of the other lines to a generated Dockerfile.

    `made` is the generated text. The digest reveals edits above the marker.
    """
    first, _, rest = made.partition("\n")
    return f"{first}\n{SEAL}{_seal(made)}\n{rest}"


def _seal(made: str) -> str:
    return digest_of(made).removeprefix("sha256:")[:16]


def own_lines(text: str, made: str) -> str:
    """Return the user's lines of a generated Dockerfile, after the marker.

    `made` is the text that would be generated now.

    Raises:
        Invalid: the marker is missing, or a line above it was edited and would be lost.
    """
    above, marker, own = text.partition(MARKER + "\n")
    if not marker:
        raise Invalid(f"The Dockerfile does not contain the line {MARKER!r}.", hint=OWN_HINT)
    lines = above.splitlines(keepends=True)
    # the second line is the digest itself
    seal = _seal("".join(lines[:1] + lines[2:]) + marker)
    # accept other wordings before the digest
    if not re.fullmatch(f"# Digest of [a-z ]+: {seal}\n", "".join(lines[1:2])):
        wanted = made.partition(MARKER + "\n")[0].splitlines(keepends=True)
        pairs = enumerate(zip_longest(lines, wanted), 1)
        number = next(number for number, (actual, other) in pairs if actual != other)
        line = lines[number - 1].strip()[:80] if number <= len(lines) else MARKER
        reason = (
            f"Line {number} was changed, but nbyard generates all lines above the marker: {line!r}."
        )
        raise Invalid(reason, hint=OWN_HINT)
    return own
