"""The tests of an importer: subclass `ImporterConformance` in a test module.

class TestMine(ImporterConformance):
    good = ("a.mine", b"…")                       # a file that the importer reads
    broken = b"…"                                 # a file that it refuses

    @pytest.fixture
    def importer(self): return MyImporter()
"""

from pathlib import Path

import msgspec
import pytest

from nbyard.domain.arguments.structs import check_arguments
from nbyard.domain.commands.command_line import check_command
from nbyard.domain.executables.nbexec_files import Description
from nbyard.errors import Invalid, NotFound
from nbyard.importers.protocol import Exporter, Importer, JobReader
from nbyard.reasons.structs import because


class ImporterConformance:
    """The tests that every importer must pass, and those of exporters if it is one."""

    good: tuple[str, bytes]
    broken: bytes

    def test_its_suffixes_are_those_of_files(self, importer: Importer) -> None:
        assert importer.name and importer.suffixes
        assert all(
            suffix.startswith(".") and suffix == suffix.lower() for suffix in importer.suffixes
        )
        assert self.good[0].lower().endswith(importer.suffixes)

    def test_a_file_is_the_description_of_a_command(self, importer: Importer) -> None:
        description = _read(importer, *self.good)
        assert description.kind == "command" and description.arguments is not None
        check_arguments(description.arguments)
        check_command(description.command or (), description.arguments, description.invocation)
        assert description == _read(importer, *self.good)

    def test_a_description_is_data(self, importer: Importer) -> None:
        description = _read(importer, *self.good)
        assert (
            msgspec.json.decode(msgspec.json.encode(description), type=Description) == description
        )

    def test_reading_needs_no_file(self, importer: Importer, tmp_path: Path) -> None:
        """Check that the content is enough: reading opens, writes and runs nothing."""
        name, content = self.good
        _read(importer, str(tmp_path / "nowhere" / name), content)
        assert list(tmp_path.iterdir()) == []

    def test_other_files_are_asked_for(self, importer: Importer) -> None:
        """Check that a file that another one names may be missing. Only `near` reads it."""

        def missing(path: str) -> bytes:
            raise NotFound(because("no-file", path=path))

        try:
            imported = importer.read(self.good[1], self.good[0], missing)
        except Invalid as error:
            assert error.details
        else:
            assert imported.description == _read(importer, *self.good)

    # The brackets nest more deeply than Python's recursion limit allows.
    @pytest.mark.parametrize("content", [b"", b"\x00", b"\xff\xfe", b"[" * 100_000, b"{}", b"[]"])
    def test_any_bytes_are_read_or_refused(self, importer: Importer, content: bytes) -> None:
        try:
            description = _read(importer, self.good[0], content)
        except Invalid as error:
            assert error.details
        else:
            assert description.kind == "command"

    @pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[" * 100_000, b"{}", b"[]", b"a: {}"])
    def test_any_job_is_read_or_refused(self, importer: Importer, content: bytes) -> None:
        """Check that jobs set only inputs and values. Reading jobs is optional."""
        arguments = _read(importer, *self.good).arguments or ()
        if isinstance(importer, JobReader):
            try:
                job = importer.read_job(content, "a.job", arguments)
            except Invalid as error:
                assert error.details
            else:
                names = {argument.name for argument in arguments if argument.role != "output"}
                assert job.values.keys() | job.files.keys() <= names

    def test_broken_files_are_refused_with_a_place(self, importer: Importer) -> None:
        with pytest.raises(Invalid) as refused:
            _read(importer, self.good[0], self.broken)
        assert refused.value.details[0].path

    def test_what_is_written_is_read(self, importer: Importer) -> None:
        """Check that a written file gives the same command. Writing is optional."""
        description = _read(importer, *self.good)
        if isinstance(importer, Exporter):
            text = importer.write(description, label="a label", doc="A text: with signs.")
            assert _read(importer, self.good[0], text.encode()) == description

    def test_what_is_no_command_is_not_written(self, importer: Importer) -> None:
        """Check that writing loses nothing silently. It is optional."""
        if isinstance(importer, Exporter):
            with pytest.raises(Invalid):
                importer.write(Description(kind="notebook"))


def _read(importer: Importer, name: str, content: bytes) -> Description:
    return importer.read(content, name).description
