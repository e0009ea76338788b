"""Requirements files: each line is parsed, or refused with its number."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from typing import TYPE_CHECKING

from nbyard.domain.environments.package_sources import (
    NO_SOURCES,
    SETTING,
    AllowedSources,
    RequirementRefused,
)
from nbyard.errors import Detail, Invalid, PolicyRefused
from nbyard.reasons.structs import Reason, because

if TYPE_CHECKING:
    from packaging.requirements import Requirement

HASH = re.compile(r"--hash=(sha256|sha384|sha512):([0-9a-f]{64,128})")
COMMENT = re.compile(r"(^|\s)#.*$")
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*+")
# How pip and uv name the package that they cannot install; `NAME` is its name.
BLAMED = re.compile(
    r"satisfies the requirement NAME(?![^(\n]*\(from (?!versions))"  # not a dependency's
    r"|distribution found for NAME"
    r"|[Ff]ailed building wheel for NAME"
    r"|build wheels for NAME"
    r"|based projects \(NAME\)"
    r"|build [`'\"]NAME"
    r"|^Failed to build NAME$"
    r"|Package '?NAME'? requires a different Python"
    r"|no versions? of NAME"
    r"|NAME was not found in the package registry".replace("NAME", f"({WORD.pattern})"),
    re.MULTILINE,
)
# uv lists the requirements that are part of a conflict.
REQUIRED = re.compile(r"you require (.+?)(?=, we can |\n|\Z)")
MAX_LINES = 10_000
MAX_SHOWN = 80
# passwords in addresses are masked in messages
PASSWORD = re.compile(r"(?<=//)[^/@\s]+(?=@)")
# options with an address of packages
INDEX = "--index-url"
PLACES = (INDEX, "--extra-index-url", "--find-links")
EDITABLE = "-e"
SHORT = {"-i": "--index-url", "-f": "--find-links", "--editable": EDITABLE}
EXTRAS = re.compile(r"\[[A-Za-z0-9._, -]*\]$")
AN_ADDRESS = re.compile(r"[a-z+]+://|\.{0,2}/|[^\s;]+\.whl\b", re.IGNORECASE)
# options that name another file of requirements
OF_FILES = ("-r", "-c", "--requirement", "--constraint")
# a wrong version of the installer would make the environment impossible to change
PROTECTED = frozenset({"pip", "uv"})


def wants_git(said: str) -> bool:
    """Return whether a build failed because it needs git history.

    `said` is its output. Setuptools-scm, which hatch-vcs is based on, takes the version from git
    and reports the failure.
    """
    return re.search("setuptools[-_]scm was unable to detect version", said) is not None


class _ForbiddenError(RequirementRefused):
    """A package that may not be installed."""


def read_requirements(
    text: str, sources: AllowedSources = NO_SOURCES, forbidden: Container[str] = ()
) -> list[str]:
    """Return the requirements in canonical form, one for each line that counts.

    Options and addresses change the source of packages. Apart from `--hash`, they are allowed
    only for places in `sources`. `forbidden` packages are listed by normal name.

    Raises:
        Invalid: with one detail for each refused line, which contains its text.
        PolicyRefused: the same, if all refused lines are forbidden packages.
    """
    wrong: list[Detail] = []
    requirements: list[str] = []
    is_policy = True
    for number, logical_line in _logical_lines(text):
        try:
            requirements.append(_read(logical_line, sources, forbidden))
        except ValueError as error:
            shown = PASSWORD.sub("…", logical_line)
            shown = repr(shown if len(shown) <= MAX_SHOWN else shown[: MAX_SHOWN - 1] + "…")
            problem = f"{shown}: {error}"
            wrong.append(Detail.of(f"requirements.{number}", problem))
            is_policy &= isinstance(error, _ForbiddenError)
    if len(requirements) > MAX_LINES:
        wrong.append(Detail("requirements", f"has more than {MAX_LINES} lines"))
        is_policy = False
    if wrong:
        refusal = PolicyRefused if is_policy else Invalid
        first = wrong[0]
        line = first.path.rpartition(".")[2]
        where = f"requirements, line {line}" if line.isdecimal() else first.path
        whole = because("field", path=where, reason=first.why)
        raise refusal(whole, details=wrong)
    return requirements


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines with their number. Continued lines are joined, comments and blanks dropped."""
    begun, number = "", 0
    # Windows editors may write a byte order mark
    for here, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        number = number or here
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            begun += line[:-1] + " "
            continue
        whole = COMMENT.sub("", begun + line).strip()
        if whole:
            yield number, whole
        begun, number = "", 0
    if begun.strip():
        yield number, begun.strip()


def _read(line: str, sources: AllowedSources, forbidden: Container[str]) -> str:
    if line.startswith("-"):
        return _read_option(line, sources)
    plain, *options = map(str.strip, re.split(r"\s+(?=--)", line))
    if wrong := [option for option in options if not HASH.fullmatch(option)]:
        option = wrong[0].split("=")[0].split()[0]
        is_hash = option == "--hash"
        raise RequirementRefused(
            "--hash supports only sha256, sha384 and sha512: --hash=sha256:<64 hex digits>"
            if is_hash
            else f"{option} is not allowed here"
        )
    if AN_ADDRESS.match(line):
        if sources.places:
            raise RequirementRefused(
                "a requirement with an address must be written as name @ address"
            )
        raise RequirementRefused(
            "a requirement with an address (name @ address) is not allowed: an administrator"
            f" allows addresses with {SETTING}"
        )
    requirement = _parsed(plain)
    if requirement.url:
        # the name of a wheel contains the version, so no code must run
        package = requirement.name
        if not sources.places:
            raise RequirementRefused(
                f"{package} has an address, which is not allowed: an administrator allows"
                f" addresses with {SETTING}"
            )
        from packaging.utils import InvalidWheelFilename, parse_wheel_filename

        place = sources.admit(requirement.url)
        try:
            wheel_name, *_ = parse_wheel_filename(place.parts[-1] if place.parts else "")
        except InvalidWheelFilename:
            raise RequirementRefused(f"the address of {package} is not a wheel (.whl)") from None
        # The check of forbidden packages below sees only the name in the line.
        if wheel_name != normal_name(package):
            raise RequirementRefused(f"the address of {package} belongs to {wheel_name}")
        requirement.url = place.address
    if normal_name(requirement.name) in forbidden:
        raise _ForbiddenError(
            f"{requirement.name} may not be a requirement: it is a package installer"
        )
    return " ".join([str(requirement), *options])


def _read_option(line: str, sources: AllowedSources) -> str:
    """Return an option with an address: `--option address`, or `-e address[extras]`."""
    option, _, address = re.sub(r"[\s=]+", " ", line, count=1).partition(" ")
    option = SHORT.get(option, option)
    if option not in (*PLACES, EDITABLE):
        instead = ": write the lines of that file" if option in OF_FILES else ""
        raise RequirementRefused(f"the option {option[:40]} is not allowed{instead}")
    if not sources.places:
        raise RequirementRefused(
            f"the option {option} is not allowed: an administrator allows addresses with {SETTING}"
        )
    address = address.strip()
    if option != EDITABLE:
        return f"{option} {sources.admit(address).address}"
    # a local folder that is used in place
    extras = "".join(EXTRAS.findall(address)).replace(" ", "")
    path = EXTRAS.sub("", address)
    if not path.startswith(("/", "file:")):
        raise RequirementRefused("-e needs the absolute path of a folder: /… or file:///…")
    place = sources.admit(f"file://{path}" if path.startswith("/") else path)
    return f"{option} {place.address}{extras}"


def is_option(line: str) -> bool:
    """Return whether the line names a package source."""
    return line.startswith("--")


def place_of(line: str) -> str:
    """Return the address in a line that names a package source; empty if there is none."""
    return line.partition(" ")[2] if is_option(line) else ""


def is_local(address: str) -> bool:
    """Return whether an address is a path on this machine."""
    scheme, has_scheme, _ = address.partition("://")
    is_path = not has_scheme and bool(address)
    return is_path or scheme.lower().rpartition("+")[2] == "file"


def folder_of(line: str) -> str:
    """Return the address of the folder that is used in place; empty if there is none."""
    option, _, rest = line.partition(" ")
    return EXTRAS.sub("", rest.partition(" ")[0]) if option == EDITABLE else ""


def check_folders(lines: Iterable[str], sources: AllowedSources) -> None:
    """Check that the folders are still allowed. Their code runs at every installation.

    Raises:
        Invalid: a folder is no longer allowed.
    """
    for line in filter(folder_of, lines):
        try:
            sources.admit(folder_of(line))
        except ValueError as error:
            raise Invalid.field("requirements", str(error)) from None


def is_named(line: str) -> bool:
    """Return whether the line requests a package by name."""
    return not line.startswith("-")


def key_of(line: str) -> str:
    """Return the key of a line: the package, the index, the source or the folder.

    A line replaces another line with the same key.

    Raises:
        Invalid: the line is not a requirement.
    """
    if folder := folder_of(line):
        return f"{EDITABLE} {folder}"
    if not is_option(line):
        return name_of(line)
    return INDEX if line.startswith(f"{INDEX} ") else line


def address_of(line: str) -> str:
    """Return the address of the wheel in a requirement; empty if there is none."""
    return _parsed(line.partition(" --hash")[0]).url or "" if is_named(line) else ""


def name_of(line: str) -> str:
    """Return the normal name of the package in a requirement (PEP 503).

    Raises:
        Invalid: the line is not a requirement.
    """
    try:
        return normal_name(_parsed(line.partition(" --hash")[0]).name)
    except ValueError:
        reason = f"{line[:80]!r} is not a valid requirement"
        raise Invalid.field("requirements", reason) from None


def applies(line: str, python: str = "") -> bool:
    """Return whether the marker of a requirement holds for this system.

    `python` is a version of Python such as `3.11.4`, by default that of nbyard.
    """
    marker = _parsed(line.partition(" --hash")[0]).marker
    if marker is None:
        return True
    minor = ".".join(python.split(".")[:2])
    other = {"python_full_version": python, "python_version": minor}
    return marker.evaluate(other if python else None)


def requirement_failed(lines: Iterable[str], cause: Reason) -> Reason:
    """Return the reason of a failed installation with the requirement that the installer names.

    If it names none of the lines or several, the cause is returned.
    """
    params = cause.params
    # uv breaks long lines anywhere between words
    messages = (" ".join(text.split()) for text in params.get("messages", ()))
    message = "\n".join([*messages, params.get("message", "")])
    names = [name for groups in BLAMED.findall(message) for name in groups]
    names += [name for listed in REQUIRED.findall(message) for name in WORD.findall(listed)]
    blamed = {normal_name(name).strip("-") for name in names}
    matches = [line for line in lines if is_named(line) and name_of(line) in blamed]
    if len(matches) != 1:
        return cause
    requirement = PASSWORD.sub("…", matches[0].partition(" --hash")[0])
    return because("requirement-failed", requirement=requirement, cause=cause)


def normal_name(name: str) -> str:
    """Return the normalized name of a package (PEP 503)."""
    from packaging.utils import canonicalize_name

    return canonicalize_name(name)


def _parsed(text: str) -> Requirement:
    """Parse a requirement (PEP 508) with valid versions (PEP 440)."""
    # commands without requirements start faster without this import
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.version import InvalidVersion, Version

    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise ValueError(str(error).splitlines()[0]) from error
    for specifier in requirement.specifier:
        if specifier.operator == "===":  # accepts any text, even impossible versions
            try:
                Version(specifier.version)
            except InvalidVersion:
                reason = f"{specifier.version} is not a version such as 1.2"
                raise RequirementRefused(reason) from None
    return requirement


def hashes_of(line: str) -> tuple[str, ...]:
    """Return the hashes of a requirement, as `sha256:<hex>`."""
    return tuple(":".join(parts) for parts in HASH.findall(line))
