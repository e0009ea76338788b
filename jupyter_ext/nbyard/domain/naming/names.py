"""Names of objects and of files: valid names, and names that count as the same.

The name of a dataset, a run or an executable is text for users. It may contain markup,
templates or quotes and is stored unchanged (NFC), because nothing ever evaluates it. It never
names a file on disk. File names and relative paths do, so their rules are stricter.
"""

import re
import unicodedata
from functools import lru_cache
from urllib.parse import unquote

from nbyard.domain.paging import check_length
from nbyard.errors import Invalid

MAX_NAME = 200
MAX_FILENAME_BYTES = 255
MAX_PATH_BYTES = 4096
# Systems add the path of the user's folder, and accept 4096 bytes at most.
MAX_FOLDER_PATH_BYTES = 2048
VERSION_CONTROL = frozenset({".git", ".hg", ".svn", ".bzr", ".jj", "_darcs"})
SHORT_NAME = re.compile(r"(git|hg|svn|bzr|jj)~\d+")  # of Windows
# Many marks on one letter would cover the lines above and below it.
MAX_MARKS = 8

# Words in Persian and in Indic scripts need them, and so do many emoji.
JOINERS = "\u200c\u200d"
# Blank, but not format characters in Unicode: two names could look identical.
BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
VARIATION_SELECTORS = frozenset(map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]))
NONCHARACTER = 0xFFFE
# not in file names
OF_PATHS = frozenset("/\\\0")
UNUSUAL = frozenset('<>:"|?*;\u2028\u2029')
SAFE_BYTES = 200
MAX_SUFFIX = 20
REMEMBERED = 4096
# letters that Unicode does not decompose into a letter and a mark
PLAIN = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)


def check_name(name: object, field: str = "name") -> str:
    """Check a name that a user chose, and return it in Unicode normal form NFC.

    Raises:
        Invalid: the name breaks a rule; the message says which.
    """
    if not isinstance(name, str):
        raise Invalid.field(field, "must be text")
    name = check_title(name, field)
    if not name_key(name).strip():
        raise Invalid.field(field, "may not be empty")
    if name != name.strip():
        raise Invalid.field(field, "may not begin or end with a space")
    if "/" in name or "\\" in name:
        raise Invalid.field(field, "may not contain / or \\")
    if name in (".", ".."):
        raise Invalid.field(field, "may not be . or ..")
    # A command line would read the name as an option.
    if name.startswith("-"):
        raise Invalid.field(field, "may not begin with -")
    return name


def _check_characters(text: str, field: str) -> None:
    marks = 0
    for place, char in enumerate(text):
        category = unicodedata.category(char)
        if category == "Cs":
            raise Invalid.field(field, f"is not valid Unicode (lone surrogate at {place})")
        if category == "Cc":
            raise Invalid.field(
                field, f"may not contain control characters ({_point(char)} at {place})"
            )
        is_blank = category in ("Zl", "Zp") or char in BLANKS
        # The last two code points of each plane, such as U+FFFE.
        is_noncharacter = ord(char) & NONCHARACTER == NONCHARACTER
        is_invisible = char not in JOINERS if category == "Cf" else is_blank or is_noncharacter
        if is_invisible:
            raise Invalid.field(
                field, f"may not contain invisible characters ({_point(char)} at {place})"
            )
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > MAX_MARKS:
            raise Invalid.field(field, f"may have at most {MAX_MARKS} combining marks in a row")


def _point(char: str) -> str:
    return f"U+{ord(char):04X}"


def name_key(name: str) -> str:
    """Return a key that names share if they look the same. Such names exclude each other."""
    kept = (
        " " if unicodedata.category(char) == "Zs" else char
        for char in unicodedata.normalize("NFC", name)
        if char not in JOINERS and char not in VARIATION_SELECTORS
    )
    return "".join(kept)


def check_title(text: str, field: str = "title", most: int = MAX_NAME) -> str:
    """Return a line of text that users see beside other ones, in NFC.

    Raises:
        Invalid: the text is too long, or has control characters or invisible ones.
    """
    check_length(field, text, most)
    _check_characters(text, field)
    return unicodedata.normalize("NFC", text)


def check_filename(name: object, field: str = "filename") -> str:
    """Return a plain file name without folders, in NFC.

    Raises:
        Invalid: the name breaks a rule; the message says which.
    """
    if not isinstance(name, str):
        raise Invalid.field(field, "must be text")
    if not name:
        raise Invalid.field(field, "may not be empty")
    if len(name) > MAX_FILENAME_BYTES:
        raise Invalid.field(field, f"may have at most {MAX_FILENAME_BYTES} bytes")
    _check_characters(name, field)
    name = unicodedata.normalize("NFC", name)
    if len(name.encode()) > MAX_FILENAME_BYTES:
        raise Invalid.field(field, f"may have at most {MAX_FILENAME_BYTES} bytes")
    if any(form in (".", "..") or not OF_PATHS.isdisjoint(form) for form in decoded_forms(name)):
        raise Invalid.field(field, "must be a plain file name without folders")
    if name != name.strip():
        raise Invalid.field(field, "may not begin or end with a space")
    return name


@lru_cache(REMEMBERED)
def check_member_path(path: str, field: str = "path") -> str:
    """Return the path of a file in a folder, in NFC.

    The rules are laxer than those for names of users, as programs choose such paths.

    Raises:
        Invalid: the path breaks a rule; the message says which.
    """
    for part in path.split("/"):
        if part in ("", ".", "..") or "\\" in part:
            raise Invalid.field(field, f"{path!r} is not a plain relative path")
        if any(unicodedata.category(char) in ("Cc", "Cs") for char in part):
            raise Invalid.field(field, f"{path!r} has characters that a file name may not have")
        if len(unicodedata.normalize("NFC", part).encode()) > MAX_FILENAME_BYTES:
            raise Invalid.field(field, f"may have at most {MAX_FILENAME_BYTES} bytes")
    path = unicodedata.normalize("NFC", path)
    if len(path.encode()) > MAX_PATH_BYTES:
        raise Invalid.field(field, f"may have at most {MAX_PATH_BYTES} bytes")
    return path


def check_folder_path(path: str, field: str = "path") -> str:
    """Return the path of a file that is written to a user's folder, in NFC.

    Files such as `.git/config` name programs that Git runs. File systems of macOS and Windows have
    further spellings of `.git`.

    Raises:
        Invalid: the path breaks a rule, or a version control system owns the file.
    """
    path = check_member_path(path, field)
    if "\ufeff" in path:  # an invisible byte order mark
        raise Invalid.field(field, f"{path!r} has characters that a file name may not have")
    if len(path.encode()) > MAX_FOLDER_PATH_BYTES:
        raise Invalid.field(field, f"may have at most {MAX_FOLDER_PATH_BYTES} bytes")
    for part in path.split("/"):
        visible = "".join(c for c in part if unicodedata.category(c) != "Cf").partition(":")[0]
        plain = unicodedata.normalize("NFKC", visible).casefold().rstrip(". ")
        if plain in VERSION_CONTROL or SHORT_NAME.fullmatch(plain):
            message = f"A version control system owns files such as {path[:200]!r}"
            raise Invalid.field(field, message)
    return path


def decoded_forms(name: str) -> list[str]:
    """Return the name and its results of decoding percent signs, once or repeatedly."""
    forms = [name]
    # bounded: names may be encoded repeatedly
    for _ in range(4):
        decoded = unquote(forms[-1])
        if decoded == forms[-1]:
            break
        forms.append(decoded)
    return forms


def safe_filename(name: str, default: str = "data") -> str:
    """Convert an untrusted name to a file name: the last part, without unusual characters."""
    last = decoded_forms(name)[-1].replace("\\", "/").rsplit("/", 1)[-1]
    plain = [
        char
        for char in unicodedata.normalize("NFC", last)
        if unicodedata.category(char)[0] != "C" and char not in BLANKS and char not in UNUSUAL
    ]
    kept = "".join(plain).strip().lstrip("-.").strip()
    while len(kept.encode()) > SAFE_BYTES:
        stem, dot, suffix = kept.rpartition(".")
        # shorten the stem, so that a short suffix stays
        kept = f"{stem[:-1]}.{suffix}" if dot and stem and len(suffix) < MAX_SUFFIX else kept[:-1]
    try:
        return check_filename(kept)
    except Invalid:
        return default


def derived_name(text: str) -> str:
    """Return a valid name like the text, the name of any file; `code` if none is left."""
    kept = "".join(char for char in text[:MAX_NAME] if char not in "/\\" and _is_shown(char))
    try:
        return check_name(kept.strip().lstrip("-").strip())
    except Invalid:
        return "code"


def _is_shown(char: str) -> bool:
    try:
        _check_characters(char, "")
    except Invalid:
        return False
    return True


def without_accents(name: str) -> str:
    """Return the name in lower case without accents: `école` becomes `ecole`."""
    parts = unicodedata.normalize("NFKD", name.lower())
    return "".join(part for part in parts if not unicodedata.combining(part)).translate(PLAIN)
