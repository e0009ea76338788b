"""Command that converts project folders of other programs."""

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from nbyard.cli.output.console import print_note, show_json
from nbyard.cli.shared_options import connect, json_option, server_option
from nbyard.domain.credentials import NewCredential
from nbyard.domain.ignore_rules import is_cache
from nbyard.domain.images.structs import NewImage
from nbyard.domain.naming.names import check_folder_path
from nbyard.domain.projects.definitions import FILE, ProjectDefinition
from nbyard.domain.projects.toml_writer import updated_toml
from nbyard.errors import NameTaken
from nbyard.host.git import repository_version
from nbyard.host.project_files import replace_atomically
from nbyard.importers.protocol import ConvertedProject, project_importer_of
from nbyard.services.spelling.container_commands import build_image

MOST_BYTES = 4 << 20
MOST_FILES = 20_000
MOST_OF_TAG = 128
COMMENT = "\n# Build the images of the environments after a push:"


@click.command()
@click.argument("folder", default=".")
@click.option("--secrets", is_flag=True, help="Store the values of .nbvars as credentials.")
@click.option("--force", is_flag=True, help="Replace existing files.")
@server_option
@json_option
def convert(folder: str, secrets: bool, force: bool, server: str, as_json: bool) -> None:
    """Convert a project folder of NB Workflows, or of a dockerised pipeline.

    Of NB Workflows, reads workflows.yaml or labfile.yaml, runtimes.yaml and .nbvars. Writes
    nbyard.toml and a document for each workflow, then lists what cannot be kept. The end of
    nbyard.toml has the commands that build the images of the runtimes. Of a pipeline, reads
    pipeline.yml and the tool.yml of each tool.

    \b
    Examples:
      nbyard projects convert wine
      nbyard projects convert wine --secrets
    """
    place = Path(folder)
    paths = sorted(paths_of(place))
    importer = project_importer_of(paths)
    small = {
        path: (place / path).read_bytes()
        for path in paths
        if path.endswith(importer.suffixes) and (place / path).stat().st_size <= MOST_BYTES
    }
    conversion = importer.convert(small, paths)
    definition = conversion.definition
    text = updated_toml("", ProjectDefinition(definition.project), definition)
    builds = build_commands(conversion.images, place)
    comment = "\n# ".join([COMMENT, *builds]) + "\n" if builds else ""
    written = {FILE: text + comment, **conversion.files}
    taken = [path for path in written if os.path.lexists(place / path) and not force]
    if taken:
        raise click.UsageError(f"{place / taken[0]} exists. Replace it with --force.")
    for path, content in written.items():
        # Replaced, as a link could lead out of the folder.
        with replace_atomically(place / check_folder_path(path)) as file:
            file.write(content.encode())
    if secrets:
        store_secrets(conversion.secrets, server)
    if as_json:
        left = [str(reason) for reason in conversion.left]
        channels = [*definition.notifications]
        show_json({"written": [*written], "left": left, "channels": channels, "images": builds})
        return
    for path in written:
        click.echo(str(place / path))
    print_notes(conversion, builds, has_secrets=secrets)


def print_notes(conversion: ConvertedProject, builds: list[str], *, has_secrets: bool) -> None:
    """Print what was left out, and the commands that come next."""
    for reason in conversion.left:
        print_note(f"Left out: {reason!s}")
    if conversion.secrets and not has_secrets:
        names = ", ".join(conversion.secrets)
        print_note(f"Not stored: the secrets {names}. Store them with --secrets.")
    for channel in conversion.definition.notifications:
        command = f"nbyard channels create {shlex.quote(channel)} --on none"
        print_note(f"The push needs the channel {channel}. If it is missing: {command}")
    print_note("Next: nbyard plan --current")
    for command in builds:
        print_note(f"After the push: {command}")


def build_commands(images: list[NewImage], folder: Path) -> list[str]:
    """Return the commands that build images.

    Tags without a version get that of the folder's repository.
    """
    version = repository_version(folder) if images else ""
    # Names of Git tags may contain characters that those of images may not.
    suffix = re.sub(r"[^\w.-]", "-", version, flags=re.ASCII).lstrip(".-")[:MOST_OF_TAG]
    ending = f":{suffix}" if suffix else ""
    tagged = [
        image
        if ":" in image.tag.rpartition("/")[2]
        else msgspec.structs.replace(image, tag=image.tag + ending)
        for image in images
    ]
    return [shlex.join(build_image({}, image)) for image in tagged]


def paths_of(folder: Path) -> Iterator[str]:
    """Yield the paths of the files in a folder, without caches."""
    for count, path in enumerate(folder.rglob("*")):
        if count > MOST_FILES:
            raise click.UsageError(f"{folder} has more than {MOST_FILES} files.")
        inside = path.relative_to(folder)
        is_hidden = any(is_cache(f"{part}/") for part in inside.parts[:-1])
        # A link could lead to a file outside the folder.
        if not is_hidden and path.is_file() and not path.is_symlink():
            yield inside.as_posix()


def store_secrets(secrets: dict[str, str], server: str) -> None:
    """Store secrets as credentials; existing ones are kept."""
    credentials = connect(server).credentials
    for name, value in secrets.items():
        body = NewCredential(name, "token", {"secret": value}, "Converted from .nbvars")
        try:
            credentials.create(body=body)
        except NameTaken:
            print_note(f"{name}: a credential of this name exists and is kept.")
        else:
            print_note(f"{name}: stored as a credential.")


COMMANDS = (convert,)
