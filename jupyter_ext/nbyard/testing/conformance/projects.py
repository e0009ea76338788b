"""The tests of an importer of project folders: subclass `ProjectConformance` in a test module.

class TestMine(ProjectConformance):
    folder = {"mine.yaml": b"…", "a.ipynb": b"…"}  # a project folder
    secret = "s3cr3t"                              # a secret in it, or ""

    @pytest.fixture
    def importer(self): return MyImporter()
"""

from collections.abc import Mapping

import msgspec
import pytest

from nbyard.domain.naming.names import check_member_path
from nbyard.domain.projects.definitions import ProjectDefinition, read_definition
from nbyard.domain.projects.toml_writer import updated_toml
from nbyard.domain.workflows.structs import WORKFLOW, read_document
from nbyard.errors import Invalid, NotFound
from nbyard.importers.protocol import ConvertedProject, ProjectImporter


class ProjectConformance:
    """The tests that every importer of project folders must pass."""

    folder: Mapping[str, bytes]
    secret: str = ""

    def test_it_names_its_files(self, importer: ProjectImporter) -> None:
        assert importer.name and importer.files and importer.suffixes
        assert any(name in self.folder for name in importer.files)
        assert all(name.endswith(importer.suffixes) for name in importer.files)

    def test_the_result_is_a_project_that_can_be_pushed(self, importer: ProjectImporter) -> None:
        converted = self._converted(importer)
        definition = converted.definition
        text = updated_toml("", ProjectDefinition(definition.project), definition)
        assert read_definition(text.encode()).project == definition.project
        for path, content in converted.files.items():
            assert check_member_path(path) == path
            if path.endswith(WORKFLOW):
                assert read_document(content.encode(), strict=True).meta.id
        files = {*self.folder, *converted.files}
        for entry in definition.schedules.values():
            assert not entry.path or entry.path.partition("::")[0] in files

    def test_a_second_conversion_changes_nothing(self, importer: ProjectImporter) -> None:
        assert self._converted(importer) == self._converted(importer)

    def test_secrets_stand_in_no_file(self, importer: ProjectImporter) -> None:
        converted = self._converted(importer)
        if self.secret:
            assert self.secret in converted.secrets.values()
            shown = msgspec.json.encode((converted.definition, converted.files)).decode()
            assert self.secret not in shown + repr(converted) + "".join(map(str, converted.left))

    def test_a_folder_without_its_files_is_refused(self, importer: ProjectImporter) -> None:
        with pytest.raises(NotFound):
            importer.convert({}, [])

    @pytest.mark.parametrize("content", [b"", b"\x00", b"\xff\xfe", b"[" * 10_000, b"- a\n"])
    def test_any_bytes_are_read_or_refused(self, importer: ProjectImporter, content: bytes) -> None:
        for name in importer.files:
            with pytest.raises(Invalid):
                importer.convert({name: content}, [name])

    def _converted(self, importer: ProjectImporter) -> ConvertedProject:
        small = {p: c for p, c in self.folder.items() if p.endswith(importer.suffixes)}
        return importer.convert(small, sorted(self.folder))
