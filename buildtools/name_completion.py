"""Which arguments and options take names of what is stored. The table of commands has the answer.

A source is a noun, whose list has the names, or a path: operation, then fields of its answer. The
names are those of the items, or their field after the colon. `key=parameter` passes what the line
already has. `servers` are those of the configuration file, `files` those of this machine. A word
such as NAME=VALUE begins its source with `=`, a list with commas its source with a comma, the words
after a colon their source with a colon. `zones` are time zones, `words …` the words that follow,
and `parameters KEY` those of the file or executable in the parameter KEY. Of several sources each
is offered.
"""

from collections.abc import Iterable, Mapping

from nbyard.domain.notices.structs import EVENTS
from nbyard.domain.projects.members import LINKED_KINDS, SHARED_KINDS
from nbyard.domain.runs.origins import KINDS
from nbyard.domain.state_machines import DEPLOYMENT, RUN, TASK
from nbyard.services.operation_table import table

PATH = "files"
VERSIONS = {
    "datasets": "datasets.versions dataset=dataset",
    "deployments": "deployments.revisions deployment=deployment",
    "environments": "environments.versions environment=environment",
    "executables": "executables.versions executable=executable",
    "workflows": "workflows.versions path=path",
}
NODES = ("runs.tasks:node run=run",)
TARGET = (PATH, "executables")


def _choices(choices: Iterable[str], before: str = "") -> tuple[str]:
    return (f"{before}words {' '.join(choices)}",)


# Parameters that mean the same in each command: an argument by its name, an option by its flag.
EVERYWHERE: Mapping[str, tuple[str, ...]] = {
    **{entry.noun.removesuffix("s"): (entry.noun,) for entry in table() if entry.verb == "get"},
    **{
        f"--{noun}": (f"{noun}s",)
        for noun in (
            *("dataset", "environment", "executable", "image", "kernel", "project", "run"),
            *("automation", "server"),
        )
    },
    **dict.fromkeys(("file", "path", "--path", "--file", "--files"), (PATH,)),
    **dict.fromkeys(("--folder", "--requirement", "--config"), (PATH,)),
    "node": NODES,
    "--node": NODES,
    "output": ("runs.tasks.artifacts:name run=run",),
    "policy": ("projects.retention.policies project=project",),
    "--base": ("images",),
    "--capture": ("kernels",),
    "--dockerfile": (PATH,),
    "--input-file": ("=datasets", "=artifacts"),
    "--notify": ("channels", *_choices(EVENTS, ":,")),
    "--other": ("runs",),
    "--preset": ("deployments.form.presets",),
    "--revision": (VERSIONS["deployments"],),
    "--workflow": ("workflows:shown_path", PATH),
    "--zone": ("zones",),
}
ENVIRONMENT_OF_NAME = "environments.versions environment=name"
# Parameters of one command.
BY_PLACE: Mapping[tuple[str, str, str], tuple[str, ...]] = {
    ("", "run", "words"): ("executables",),
    ("", "run", "--param"): ("parameters words",),
    ("", "run", "--sweep"): ("parameters words",),
    ("", "run", "--pin"): ("=runs",),
    ("", "run", "--job"): (PATH,),
    ("", "run", "--output"): (),
    ("", "run", "--output-file"): (PATH,),
    ("", "run", "--save-files"): (PATH,),
    ("", "example", "folder"): (PATH,),
    ("datasets", "add", "source"): (PATH,),
    ("datasets", "add", "--name"): ("datasets",),
    ("environments", "use", "version"): ("environments",),
    ("environments", "log", "--version"): (ENVIRONMENT_OF_NAME,),
    ("environments", "lock", "--version"): (ENVIRONMENT_OF_NAME,),
    ("environments", "uninstall", "packages"): (
        "environments.get.current.packages environment=name",
    ),
    **{
        ("environments", verb, "name"): ("environments",)
        for verb in ("default", "install", "kernel", "lock", "log", "uninstall")
    },
    **{
        (noun, verb, name): (VERSIONS[noun],)
        for noun, verb, names in (
            ("datasets", "compare", ("old", "new")),
            ("datasets", "lineage", ("--version",)),
            ("datasets", "preview", ("--version",)),
            ("datasets", "profile", ("--version",)),
            ("environments", "diff", ("--old", "--new")),
            ("executables", "diff", ("--old", "--new")),
            ("workflows", "compare", ("--old", "--new")),
            ("workflows", "restore", ("--version",)),
        )
        for name in names
    },
    **{
        ("contracts", verb, f"--{name}"): (f"{source}:{name} path=path",)
        for verb in ("accept", "export", "import", "propose")
        for name, source in (("node", "workflows.show"), ("output", "contracts.list"))
    },
    ("contracts", "import", "--schema"): (PATH,),
    ("images", "build", "target"): ("environments", PATH),
    ("images", "build", "--version"): ("environments.versions environment=target",),
    ("images", "dockerfile", "--version"): (VERSIONS["environments"],),
    ("images", "build", "--project"): (PATH,),
    ("images", "dockerfile", "--project"): (PATH,),
    ("models", "build", "target"): (PATH,),
    ("models", "deploy", "target"): ("models", PATH),
    ("models", "deploy", "--as"): ("deployments",),
    ("models", "run", "--input"): ("datasets", PATH),
    ("models", "run", "--output"): (PATH,),
    **{
        ("models", verb, option): (source,)
        for verb in ("deploy", "run")
        for option, source in (("--name", "models"), ("--tag", "models:tag"))
    },
    **{
        ("models", verb, "--output"): ("runs.tasks.artifacts:node.name run=of_run",)
        for verb in ("build", "deploy")
    },
    ("runs", "bisect", "--metric"): ("runs.compare.metrics:node.name run=good others=bad",),
    ("runs", "why", "--metric"): ("runs.compare.metrics:node.name run=old others=new",),
    ("runs", "why", "--output"): ("runs.compare.outputs:node.name run=old others=new",),
    **dict.fromkeys(
        (
            *(("runs", "bisect", "good"), ("runs", "bisect", "bad")),
            *(("runs", "compare", "others"), ("runs", "why", "old"), ("runs", "why", "new")),
        ),
        ("runs",),
    ),
    ("runs", "bundle", "--output-file"): (PATH,),
    ("runs", "compare-input", "name"): ("runs.tasks.inputs run=run",),
    ("runs", "export", "--ro-crate"): (PATH,),
    ("runs", "files", "--save"): (PATH,),
    ("runs", "save", "output"): ("runs.tasks.artifacts:node.name run=run",),
    ("runs", "save", "--output-file"): (PATH,),
    ("runs", "ls", "--node"): (),
    ("runs", "ls", "--origin"): _choices(KINDS),
    ("runs", "ls", "--state"): _choices(RUN.moves),
    ("runs", "tasks", "--state"): _choices(TASK.moves, ","),
    ("deployments", "ls", "--state"): _choices(DEPLOYMENT.moves),
    **{("channels", verb, "--on"): _choices(EVENTS, ",") for verb in ("create", "update")},
    ("runs", "lineage", "--output"): ("runs.tasks.artifacts:name run=run",),
    ("runs", "preview", "--path"): ("runs.files.files:path run=run node=node",),
    ("runs", "previews", "--nodes"): NODES,
    ("automations", "create", "target"): TARGET,
    **{
        ("automations", verb, option): (f"parameters {of}",)
        for verb, of in (("create", "target"), ("update", "automation"))
        for option in ("--param", "--sweep")
    },
    **{
        ("automations", verb, option): source
        for verb in ("create", "update")
        for option, source in (
            ("--on-dataset", ("datasets",)),
            ("--on-run", TARGET),
            ("--on-file", (PATH,)),
        )
    },
    **{("channels", verb, "--of"): ("workflows:shown_path", PATH) for verb in ("create", "update")},
    ("channels", "update", "name"): ("channels",),
    ("credentials", "replace", "name"): ("credentials",),
    **{("credentials", verb, "--file"): () for verb in ("add", "replace")},
    ("projects", "convert", "folder"): (PATH,),
    ("projects", "link", "resource"): ("projects.linkable project=project kind=kind",),
    ("projects", "unlink", "kind"): ("projects.links:kind project=project",),
    ("projects", "unlink", "resource"): ("projects.links project=project kind=kind",),
    **{("shares", verb, "kind"): _choices(SHARED_KINDS) for verb in ("grant", "ls", "revoke")},
    **{
        ("shares", verb, "kind"): _choices(LINKED_KINDS)
        for verb in ("create-link", "links", "revoke-link")
    },
    ("shares", "revoke-link", "link"): ("shares.links:id kind=kind resource=resource",),
    ("shares", "revoke", "name"): ("shares kind=kind resource=resource",),
    ("projects", "update", "--unset"): ("projects.get.metadata project=project",),
    **{
        ("artifacts", verb, "name"): ("artifacts",)
        for verb in ("export", "log", "parameters", "rm", "status")
    },
    ("artifacts", "create", "more"): ("=datasets", "=artifacts"),
    ("artifacts", "export", "--output-file"): (PATH,),
}
