"""Requirements files: each line is understood, or refused by its number."""

import re
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from nbyard.errors import Detail, Invalid

HASH = re.compile(r"--hash=(sha256|sha384|sha512):([0-9a-f]{64,128})")
COMMENT = re.compile(r"(^|\s)#.*$")
MAX_LINES = 10_000
# a wrong version of what installs would leave an environment that cannot be changed
PROTECTED = frozenset({"pip", "uv"})


def read_requirements(text: str) -> list[str]:
    """The requirements in one canonical form, one for each line that counts.

    Options would change where packages come from; only `--hash` of a requirement is let through.
    """
    wrong: list[Detail] = []
    found: list[str] = []
    for number, line in _logical_lines(text):
        try:
            found.append(_read(line))
        except ValueError as error:
            wrong.append(Detail(f"requirements.{number}", str(error)))
    if len(found) > MAX_LINES:
        wrong.append(Detail("requirements", f"has more than {MAX_LINES} lines"))
    if wrong:
        first = wrong[0]
        words = f"line {first.path.rpartition('.')[2]}: {first.message}"
        raise Invalid(f"requirements, {words}", details=wrong)
    return found


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their number, continued ones joined, comments and blank ones left out."""
    begun, number = "", 0
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


def _read(line: str) -> str:
    if line.startswith("-"):
        option = re.split(r"[\s=]", line, maxsplit=1)[0]
        raise ValueError(f"the option {option} is not allowed")
    words = re.split(r"\s+(?=--)", line)
    hashes = []
    for word in words[1:]:
        if not HASH.fullmatch(word.strip()):
            raise ValueError(f"{word.split('=')[0].split()[0]} is not allowed here")
        hashes.append(word.strip())
    try:
        requirement = Requirement(words[0].strip())
    except InvalidRequirement as error:
        raise ValueError(str(error).splitlines()[0]) from error
    if requirement.url:
        raise ValueError(f"{requirement.name} is given by an address, which is not allowed")
    return " ".join([str(requirement), *hashes])


def name_of(line: str) -> str:
    """The normal name of what a requirement is about (PEP 503).

    Raises:
        Invalid: it is none.
    """
    try:
        return str(canonicalize_name(Requirement(line.partition(" --hash")[0]).name))
    except InvalidRequirement:
        raise Invalid.field("requirements", f"{line[:80]!r} is no requirement") from None


def hashes_of(line: str) -> tuple[str, ...]:
    """Those that a requirement asks for, as `sha256:<hex>`."""
    return tuple(":".join(found) for found in HASH.findall(line))


def check_unprotected(lines: list[str]) -> None:
    """Refuse to install the tools that install.

    Raises:
        Invalid: naming them.
    """
    wrong = [name for name in map(name_of, lines) if name in PROTECTED]
    if wrong:
        raise Invalid.field("requirements", f"{wrong[0]} is not to be installed: it installs")
