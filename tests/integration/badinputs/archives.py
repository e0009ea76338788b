"""Bad archives that are unpacked into folders."""

import io
import struct
import tarfile
import warnings
import zipfile
from typing import Any

from .ground import Ground, Seen, seen, words_of

TYPES = {"file": tarfile.REGTYPE, "symlink": tarfile.SYMTYPE, "chardev": tarfile.CHRTYPE}


def upload(ground: Ground, what: Any, entry: dict[str, Any]) -> Seen:
    """Upload an archive as a dataset, which fails as a whole."""
    content = what if isinstance(what, bytes) else _made(what)
    answer, key = ground.upload("files.bin", content)
    assert answer.status == 200, answer.content
    body = {"source": {"kind": "upload", "upload": key}, "name": entry["id"], "unpack": True}
    made = ground.send("POST", "/datasets", body)
    if made.status >= 400:
        return seen(made)
    current = ground.imported(made.json["id"], content)["current"]
    if current["state"] == "failed":
        assert ground.send("GET", f"/datasets/{made.json['id']}/content").status == 404
        assert not ground.stores(content), "nothing of it is kept"
        assert "encrypted" not in entry["input"] or "encrypted" in words_of(current)
        return Seen(413 if "at most" in words_of(current) else 422, words_of(current))
    assert entry["expect"] == "ACCEPT_SANITIZED"
    (file,) = ground.resource(made.json["id"]).iterdir()
    assert file.stat().st_mode & 0o7000 == 0
    return Seen(200, f"mode {file.stat().st_mode:o}")


def _made(what: dict[str, Any]) -> bytes:
    """Return an archive as the corpus describes it."""
    ((kind, told),) = what.items()
    if kind == "zip_entries":
        return _list_of(told)
    made = io.BytesIO()
    if kind.startswith("zip"):
        _zip(made, kind, told)
    else:
        _tar(made, kind, told)
    return made.getvalue()


def _zip(made: io.BytesIO, kind: str, told: Any) -> None:
    with zipfile.ZipFile(made, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that are there twice
        if kind == "zip_symlink":
            info = zipfile.ZipInfo(told[0])
            info.external_attr = 0o120777 << 16
            archive.writestr(info, told[1])
        for name, text in told if kind == "zip" else [("a", "secret")]:
            archive.writestr(name, text)
    if kind == "zip_encrypted":
        view = made.getbuffer()
        for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            view[bytes(view).index(magic) + flags] |= 1
        view.release()


def _tar(made: io.BytesIO, kind: str, told: Any) -> None:
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, type_, text in told if kind == "tar" else [("run.sh", "file", "#!")]:
            info = tarfile.TarInfo(name)
            info.type, info.size = TYPES[type_], len(text) if type_ == "file" else 0
            info.linkname = text if type_ == "symlink" else ""
            info.mode = int(told, 8) if kind == "tar_mode" else 0o644
            archive.addfile(info, io.BytesIO(text.encode()))


def _list_of(count: int) -> bytes:
    """Return a large zip whose directory lists one empty file many times."""
    name, rest = b"a%06d", (0, 33, 0, 0, 0, 7)
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 0, *rest, 0) + name % 0
    head = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, *rest, *[0] * 6)
    listed = b"".join(head + name % number for number in range(count))
    place = len(local) + len(listed)
    wide = (44, 45, 45, 0, 0, count, count, len(listed), len(local))
    end = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", *wide)
    end += struct.pack("<4sLQL", b"PK\x06\x07", 0, place, 1)
    end += struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, len(listed), len(local), 0)
    return local + listed + end
