"""In a store with several users, equal bytes of another user are not noticeable."""

from nbyard.blobs import Blobs
from nbyard.blobs.file_operations import BlobWriter


def test_equal_bytes_are_written_again(tmp_path, monkeypatch):
    """Otherwise the second writer would be quicker."""
    written: list[str] = []
    commit = BlobWriter.commit

    def counted(self, algorithm="sha256"):
        blob = commit(self, algorithm)
        written.append(blob.digest)
        return blob

    monkeypatch.setattr(BlobWriter, "commit", counted)
    (tmp_path / "a.csv").write_bytes(b"ann")
    (tmp_path / "b.csv").write_bytes(b"ann")
    for name, count in (("alone", 2), ("shared", 4)):
        blobs = Blobs(tmp_path / name, writes_always=name == "shared")
        written.clear()
        digests = {blobs.put_bytes(b"bytes").digest for _ in range(2)}
        digests |= {blobs.put_file(tmp_path / file).digest for file in ("a.csv", "b.csv")}
        assert len(digests) == 2 and len(written) == count
        with blobs.open(blobs.put_bytes(b"bytes").digest) as file:
            assert file.read() == b"bytes"
