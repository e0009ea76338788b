"""Secrets are hidden in everything that is written, in any encoding."""

import base64
import json
import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.leaked_secrets import CANARY

from nbyard.runner.reasons import because, raised
from nbyard.runner.secret_files import store_secrets
from nbyard.runner.secret_masking import Blind, Masks, masks_of, spellings
from nbyard.runner.supervision.work_log import Log

PARTS = st.sampled_from([CANARY, CANARY[:7], "s3", "s3cr", "ab", "x", CANARY[3:], "abcab"])


def masked(masks: Masks, *pieces: bytes) -> bytes:
    return b"".join([*map(masks.feed, pieces), masks.end()])


@pytest.mark.parametrize(
    "told",
    [
        CANARY,
        base64.b64encode(CANARY.encode()).decode(),
        base64.urlsafe_b64encode(CANARY.encode()).decode(),
        quote(CANARY, safe=""),
        json.dumps(CANARY)[1:-1],
        json.dumps(CANARY, ensure_ascii=False)[1:-1],
        CANARY.encode().hex(),
    ],
)
def test_each_spelling_is_hidden(told):
    assert masked(Masks([CANARY]), f"<{told}>".encode()) == b"<***>"


@given(st.binary(max_size=5), st.binary(max_size=5))
def test_base64_around_a_secret_hides_almost_all_of_it(before, after):
    told = base64.b64encode(before + CANARY.encode() + after)
    assert b"***" in masked(Masks([CANARY]), told)


@given(st.lists(PARTS, max_size=8), st.data())
def test_secrets_split_into_pieces_are_hidden(parts, data):
    secrets = [CANARY, "abcabd", "s3cr"]
    text = "".join(parts).encode()
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=6).map(sorted))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    whole = masked(Masks(secrets), text)
    assert masked(Masks(secrets), *pieces) == whole
    assert CANARY.encode() not in whole and b"s3cr" not in whole


@given(
    st.lists(st.text("abc", min_size=4, max_size=40), min_size=1, max_size=4),
    st.text("abc", max_size=200),
)
def test_exactly_the_secret_is_hidden(secrets, text):
    every = {one.decode() for secret in secrets for one in spellings(secret)}
    found = [(m.start(), len(one)) for one in every for m in re.finditer(f"(?={one})", text)]
    expected, end = "", 0
    for start, length in sorted(found):
        if start >= end:
            expected += text[end:start] + "***"
        end = max(end, start + length)
    assert masked(Masks(secrets), text.encode()).decode() == expected + text[end:]


@given(st.integers(1, 900), st.integers(20, 300), st.sampled_from([str, quote, json.dumps]))
def test_long_secrets_are_hidden_wherever_they_are_cut(length, step, write):
    long = "".join(chr(33 + (7 * i * i + i) % 90) for i in range(length)) + "end/"
    told = f"<{write(long)}>".encode()
    cuts = range(0, len(told), step)
    hidden = masked(Masks([long]), *(told[cut : cut + step] for cut in cuts))
    assert set(hidden) <= set(b"<*'\">") and hidden.startswith(b"<") and hidden.endswith(b">")


@given(st.binary())
def test_without_secrets_everything_passes_at_once(data):
    assert Masks(()).feed(data) == data and not Masks(())


@given(st.text())
def test_other_text_is_unchanged(text):
    masks = Masks(["\u0001\u0002never\u0003"])
    assert masked(masks, text.encode("utf-8", "replace")) == text.encode("utf-8", "replace")


def test_text_that_cannot_become_a_secret_passes_at_once():
    masks = Masks([CANARY])
    assert masks.feed(b"working s3cr") == b"working "
    assert masks.feed(b"et\n") == b"s3cret\n"
    assert masks.feed(CANARY.encode()) == b"***"


def test_texts_in_json_are_cleaned():
    masks = Masks([CANARY])
    value = {"message": f"a {CANARY}!", "cells": [1, None, [CANARY]], "fine": "x\ud800"}
    told = {"message": "a ***!", "cells": [1, None, ["***"]], "fine": "x\ud800"}
    assert masks.cleaned(value) == told
    assert Masks(()).cleaned(value) is value


def test_names_of_fields_are_cleaned_and_those_of_messages_and_notebooks_stay():
    """Also where a secret is one of their words."""
    masks = Masks([CANARY, "code", "text", "seco"])
    cell = {"cell_type": "code", "source": "text", "seconds": 1, CANARY: 2, f"a {CANARY}": 3}
    told = {"cell_type": "code", "source": "***", "seconds": 1, "***": 2, "a ***": 3}
    assert masks.cleaned(cell) == told


@pytest.mark.parametrize(
    "told",
    [
        "a&amp;b&lt;&quot;c&#x27;/\u00fc",
        "a&amp;b&lt;&#34;c&#39;/\u00fc",
        "a&amp;b&lt;\"c'/\u00fc",
        "a%26b%3c%22c%27%2f%c3%bc",
        b"a&b<\"c'/\xc3\xbc".hex().upper(),
    ],
)
def test_escaped_secrets_in_pages_and_urls_are_hidden(told):
    assert masked(Masks(["a&b<\"c'/\u00fc"]), told.encode()) == b"***"


def test_short_secrets_are_not_hidden():
    assert not Masks(["abc"]) or masked(Masks(["abc"]), b"abc") == b"abc"
    assert b"abc" not in spellings("abc")


def test_outputs_with_a_secret_are_named(tmp_path):
    (tmp_path / "bare").write_text("nothing")
    (tmp_path / "told").write_bytes(b"x" * (2**20 - 3) + CANARY.encode())
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/file").write_text(quote(CANARY, safe=""))
    outputs = {name: {"path": name} for name in ("bare", "told", "folder", "gone")}
    assert Masks([CANARY]).disclosed(str(tmp_path), outputs) == ["told", "folder"]
    assert Masks(()).disclosed(str(tmp_path), outputs) == []


def test_secrets_of_an_attempt_are_read_from_memory(tmp_path):
    folder, target = tmp_path / "attempt", tmp_path / "nbyard-s-a"
    folder.mkdir()
    assert not masks_of(str(folder))
    store_secrets(str(folder), str(target), {"token": CANARY.encode()}, [CANARY])
    assert masked(masks_of(str(folder)), CANARY.encode()) == b"***"


def test_without_known_secrets_nothing_is_shown(tmp_path):
    """After a restart of the machine an engine still has what was printed."""
    (tmp_path / "secrets").symlink_to(tmp_path / "gone")
    masks = masks_of(str(tmp_path))
    assert isinstance(masks, Blind) and masked(masks, CANARY.encode()) == b""
    failure = {"kind": "error", "reason": raised(f"E: {CANARY}"), "cell": 2}
    told = because("raised", name="***", text="***")
    assert masks.cleaned(failure) == {"kind": "error", "reason": told, "cell": 2}
    assert masks.disclosed(str(tmp_path), {"told": {"path": "told"}}) == ["told"]
    log = Log(str(tmp_path / "log"), masks=masks)
    log.feed(CANARY.encode())
    log.close()
    assert (tmp_path / "log").read_bytes() == b"" and log.last_lines() == ""
