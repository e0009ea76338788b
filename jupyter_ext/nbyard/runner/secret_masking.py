"""Masks secrets as `***` in everything that nbyard stores about the work.

The texts to mask are listed in a file beside the secrets. They are found as plain text, in Base64
and hexadecimal, percent-encoded, and with the escapes of JSON, Python and HTML.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from typing import Any, Literal

from .process.path_states import walk
from .reasons import PARAMETERS, is_reason
from .secret_files import HIDDEN, SECRETS

PERCENT = re.compile("%[0-9A-F]{2}")
# The escapes of Python, JavaScript and template engines.
HTML = [
    str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", **quotes})
    for quotes in (
        {},
        {'"': "&quot;"},
        {'"': "&quot;", "'": "&#x27;"},
        {'"': "&quot;", "'": "&#39;"},
        {'"': "&#34;", "'": "&#39;"},
    )
]
STARS = b"***"
PIECE_BYTES = 1 << 20
# Shorter texts occur everywhere by chance: masking them would make the log unreadable.
SHORTEST = 4
HEAD = 4
# Longer secrets, such as keys, are masked in parts: a log that is cut inside one shows no rest.
LONGEST = 256
_WORDS: dict[int, Literal["H", "I", "Q"]] = {2: "H", 4: "I", 8: "Q"}
# Words of messages and notebooks, which would be unreadable if these were masked.
FORMAT = re.compile(
    "type|kind|state|stage|cell|end|ready|call|result|log|kernel-start|running|ending|succeeded"
    "|failed|cancelled|error|exit-code|timeout|memory|contract|kernel-died|preparation|lost"
    "|cell_type|output_type|code|markdown|raw|stream|display_data|execute_result|stdout|stderr"
)
FIELD = re.compile(
    "type|stage|index|of|cells?|state|seconds|failure|used|cpu_seconds|max_rss_bytes|stays|kind"
    "|message|executed_cell|exit_code|error_name|traceback|attempt_id|token|timeout_seconds"
    "|started_at|finished_at|outputs|metadata|nbformat|nbformat_minor|cell_type|source|id|name"
    "|output_type|text|text/[a-z]+|image/[a-z+]+|application/json|data|ename|evalue|attachments"
    "|execution_count|kernelspec|display_name|language|language_info|version"
)


def spellings(secret: str) -> set[bytes]:
    """Return all encodings of a secret to search for.

    In the Base64 of a longer text, some characters also depend on the bytes beside the secret.
    Those are left out.
    """
    import base64
    from urllib.parse import quote, quote_plus  # slow to import, and most attempts have no secret

    raw = secret.encode()
    texts = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    texts |= {PERCENT.sub(lambda match: match[0].lower(), text) for text in texts}
    texts |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    texts |= {repr(secret)[1:-1], raw.hex(), raw.hex().upper(), *map(secret.translate, HTML)}
    encodings = {raw, *(text.encode() for text in texts)}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(raw)
        encodings |= {whole, whole.rstrip(b"=")}
        # Base64 encodes three bytes as four characters, so a secret has three possible encodings.
        for before in range(3):
            inner = encode(bytes(before) + raw)
            start, end = -(-8 * before // 6), 8 * (before + len(raw)) // 6
            encodings.add(inner[start:end] if end - start >= 2 * SHORTEST else whole)
    return {encoding for encoding in encodings if len(encoding) >= SHORTEST}


class _Tier:
    """Finds patterns of similar length in a text.

    The text is cut into words of `size` bytes. Each pattern is long enough to contain a whole word.
    A table of the words near the patterns' starts shows where a pattern may begin.
    """

    def __init__(self, size: int, patterns: Iterable[bytes]) -> None:
        self._size, self._format = size, _WORDS[size]
        self._starts: dict[int, list[tuple[int, bytes]]] = {}
        for pattern in patterns:
            for before in range(size):
                (word,) = memoryview(pattern[before : before + size]).cast(self._format)
                self._starts.setdefault(word, []).append((before, pattern))

    def find(self, text: bytes, ends: dict[int, int]) -> None:
        """Find patterns in the text, and enter start and end of each into `ends`.

        Of several patterns with the same start, the longest counts.
        """
        size, starts = self._size, self._starts
        if not starts:
            return
        numbers = memoryview(text)[: len(text) // size * size].cast(self._format)
        for number in [i for i, word in enumerate(numbers) if word in starts]:
            for before, pattern in starts[numbers[number]]:
                at = number * size - before
                if at >= 0 and text.startswith(pattern, at):
                    ends[at] = max(ends.get(at, 0), at + len(pattern))


class Masks:
    """Masks secrets in a stream of bytes, in the same way however the stream is cut into pieces."""

    def __init__(self, secrets: Iterable[str]) -> None:
        parts: set[str] = set()
        for secret in secrets:
            size, count = len(secret), -(-len(secret) // LONGEST)
            parts.update(secret[i * size // count : (i + 1) * size // count] for i in range(count))
        self._patterns = {pattern for part in parts for pattern in spellings(part)}
        self._longest = max(map(len, self._patterns), default=0)
        self._tiers = [
            _Tier(size, [pattern for pattern in self._patterns if least <= len(pattern) < most])
            # A pattern of 2n - 1 bytes contains a whole word of n bytes, wherever it begins.
            for size, least, most in ((8, 15, self._longest + 1), (4, 7, 15), (2, 3, 7))
        ]
        self._heads = {pattern[:length] for pattern in self._patterns for length in range(1, HEAD)}
        self._by_head: dict[bytes, list[bytes]] = {}
        for pattern in self._patterns:
            self._by_head.setdefault(pattern[:HEAD], []).append(pattern)
        self._rest, self._hidden = b"", 0

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def feed(self, data: bytes) -> bytes:
        """Add bytes of the stream.

        Return the masked bytes that are certain by now. A possible beginning of a secret is held
        back until more bytes come, or until `end`.
        """
        if not self._patterns:
            return data
        text = self._rest + data
        # the first place where an incomplete secret may begin
        places = range(max(0, len(text) - self._longest + 1), len(text))
        stop = next((at for at in places if self._is_open(text, at)), len(text))
        shown, at = self._hide(text, self._hidden, stop)
        self._rest, self._hidden = text[stop:], max(0, at - stop)
        return shown

    def _hide(self, text: bytes, at: int, stop: int) -> tuple[bytes, int]:
        """Mask secrets in the text up to `stop`.

        Return the result, and where the last mask ends. The text before `at` belongs to an earlier
        mask. Overlapping secrets become one mask.
        """
        ends, out = self._find(text), []
        for start in sorted(ends):
            if start >= stop:
                break
            if start >= at:
                out += [text[at:start], STARS]
            at = max(at, ends[start])
        return b"".join([*out, text[at:stop]]), at

    def _find(self, text: bytes) -> dict[int, int]:
        ends: dict[int, int] = {}
        for tier in self._tiers:
            tier.find(text, ends)
        return ends

    def _is_open(self, text: bytes, at: int) -> bool:
        left = len(text) - at
        if left < HEAD:
            return text[at:] in self._heads
        near = self._by_head.get(text[at : at + HEAD], ())
        return any(len(pattern) > left and text.endswith(pattern[:left]) for pattern in near)

    def end(self) -> bytes:
        """Return the masked bytes that were held back.

        Call this at the end of the stream.
        """
        shown, _ = self._hide(self._rest, self._hidden, len(self._rest))
        self._rest, self._hidden = b"", 0
        return shown

    def cleaned(self, value: Any) -> Any:
        """Return a JSON value with secrets masked in its texts and field names."""
        if not self:
            return value
        if isinstance(value, str):
            return value if FORMAT.fullmatch(value) else self._clean(value)
        if isinstance(value, list):
            return [self.cleaned(element) for element in value]
        if isinstance(value, dict):
            if is_reason(value):
                return {"code": value["code"], "params": self.cleaned(value["params"])}
            return {self._named(key): self.cleaned(member) for key, member in value.items()}
        return value

    def _named(self, key: str) -> str:
        return key if FIELD.fullmatch(key) or PARAMETERS.fullmatch(key) else self._clean(key)

    def _clean(self, text: str) -> str:
        data = text.encode("utf-8", "surrogatepass")
        return self._hide(data, 0, len(data))[0].decode("utf-8", "surrogatepass")

    def disclosed(self, folder: str, outputs: dict[str, dict[str, Any]]) -> list[str]:
        """Return the names of the outputs in the attempt folder whose files contain a secret."""
        if not self._patterns:
            return []
        output_names = []
        for name, output in outputs.items():
            path = os.path.join(folder, output["path"])
            inside = (os.path.join(at, name) for at, _, names in walk(path) for name in names)
            if (os.path.isfile(path) and self.holds(path)) or any(map(self.holds, inside)):
                output_names.append(name)
        return output_names

    def holds(self, path: str) -> bool:
        """Return whether a file contains a secret."""
        if not self._patterns:
            return False
        rest = b""
        try:
            with open(path, "rb") as file:
                while piece := file.read(PIECE_BYTES):
                    if self._find(rest + piece):
                        return True
                    # A secret may begin in one piece and end in the next.
                    rest = piece[-self._longest :]
        except OSError:
            return False
        return False


class Blind(Masks):
    """Masks everything, for an attempt whose secrets can no longer be read."""

    def __init__(self) -> None:
        super().__init__(())

    def __bool__(self) -> bool:
        return True

    def feed(self, data: bytes) -> bytes:
        return b""

    def _named(self, key: str) -> str:
        return key

    def _clean(self, text: str) -> str:
        return STARS.decode() if text else text

    def holds(self, path: str) -> bool:
        """Return True: any file may contain a secret."""
        return True

    def disclosed(self, folder: str, outputs: dict[str, dict[str, Any]]) -> list[str]:
        """Return the names of all outputs: each may contain a secret."""
        return list(outputs)


def masks_of(folder: str, place: str = "") -> Masks:
    """Return the masks for the secrets of the attempt in `folder`.

    `place` is the folder with the secrets. It is only needed if the link in the attempt folder is
    broken, as after its use in a container.
    """
    secrets = os.path.join(folder, SECRETS)
    if not os.path.lexists(secrets):
        return Masks(())
    try:
        with open(os.path.join(place or secrets, HIDDEN), encoding="utf-8") as file:
            return Masks(json.load(file))
    except (OSError, ValueError):
        return Blind()
