"""Codes that only the command line and notebooks show: the browser has no text of them."""

from nbyard.reasons.codes.code import REASON, code

COMMAND_LINE = {
    "cell-line-invalid": code(
        "cell {cell}, line {line}: {message}", cell=int, line=int, message=str
    ),
    "server-silent": code("{url} does not respond: {message}", url=str, message=str),
    "token-refused": code("The server does not accept the token, or is stopped."),
    "token-needed": code("The server needs a token."),
    "no-jupyter-at-url": code("No Jupyter server runs at this URL (status {status}).", status=int),
    "no-jupyter-at-port": code("No Jupyter server runs on port {port} here.", port=str),
    "no-nbyard-at-server": code("This server does not offer nbyard: is its extension enabled?"),
    "server-refused": code("The server answered {status}.", status=int),
    "not-a-server": code(
        "'{server}' is neither a configured name nor a URL nor the port of a Jupyter server",
        server=str,
    ),
    "job-object-needed": code("a {kind} object is needed, not {found}", kind=str, found=str),
    "job-files-needed": code("a list of files is needed, not {found}", found=str),
    "job-input-unknown": code("{input} is ignored: this tool has no such input.", input=str),
    "job-input-given-twice": code("is the same argument as another input: {name}", name=str),
    "job-file-in-value": code("files are not supported in a value of this type"),
    "job-location-not-fetched": code("{location} is not a file of this machine", location=str),
    "job-place-needed": code("path, location or {literal} is needed", literal=str),
    "job-name-not-plain": code("{name} is not the name of a file", name=str),
    "job-name-twice": code("two files have the name {name}", name=str),
    "job-files-unordered": code(
        "{input}: the files are passed in the order of their names, not as {names:, }.",
        input=str,
        names=list,
    ),
    "job-secondary-undeclared": code(
        "{name} has none of the names that the tool declares for secondary files", name=str
    ),
    "job-requirements": code("requirements of a job are not supported"),
    "no-ready-model": code("No matching model is ready."),
    "no-ready-model-yet": code(
        "No matching model is ready; {model} is {state}.", model=str, state=str
    ),
    "no-ready-model-near": code(
        "No matching model is ready; did you mean {names: or }?", names=list
    ),
    "no-ready-model-named": code("No matching model is ready; {known}.", known=str),
    "no-gpu-to-grant": code("No GPU is available: nbyard found none on this machine."),
    "no-token-sent": code(
        "No token was sent: set NBYARD_TOKEN, or token_file or token_env of a configured server,"
        " or pass --server 'URL?token=…', which other users of this machine can see with ps."
        " Users of JupyterHub create tokens on its page /hub/token."
    ),
    "check-token": code(
        "Check the token in NBYARD_TOKEN or of the configured server: this server may not know it."
    ),
    "start-in-hub": code(
        "Start the server in JupyterHub, and check the address: https://HUB/user/NAME/"
    ),
    "start-server": code("Start a Jupyter server, or pass its URL."),
    "restore-elsewhere": code(
        "Restore into an empty folder (NBYARD_STORE_DIR) and an empty database."
    ),
    "force-takes-name": code("Use --force to take over the name."),
    "replace-makes-version": code("Use --replace to add a version."),
    "replace-changes-environment": code(
        "nbyard environments install {name} … --replace changes the existing environment.", name=str
    ),
    "as-names-run": code("Use --as NAME to choose the name."),
    "list-models": code("nbyard models ls lists all models."),
    "secret-in-unit": code("contains a password or token, which must not be in a unit"),
    "put-secret-in-file": code(
        "Write a line {name}='…' to a file with mode 600, and pass the file with"
        " --environment-file.",
        name=str,
    ),
    "not-printable-in-unit": code("contains line breaks or other control characters"),
    "environment-file-unreadable": code("{path}: {message}", path=str, message=str),
    "environment-file-strange": code("{path} is not a regular file", path=str),
    "environment-file-open": code(
        "{path} must belong to you, and other users may not have access to it", path=str
    ),
    "close-file": code("chmod 600 {path}", path=str),
    "unit-edited": code("{path} was edited by hand.", path=str),
    "unit-of-other-store": code("{path} is the unit of the store {store}.", path=str, store=str),
    "force-unit": code("Use --force to replace or delete the unit."),
    "no-systemd": code("This machine has no systemctl."),
    "systemctl-failed": code(
        "systemctl --user {command} failed: {cause}", command=str, cause=REASON
    ),
    "use-cron": code(
        "Without systemd, cron can start the dispatcher. Add this line with crontab -e:\n{line}",
        line=str,
    ),
    "git-failed": code("git failed: {message}.", message=str),
    "backup-exists": code("The file {path} already exists.", path=str),
    "backup-failed": code("The backup was not written: {message}.", message=str),
    "backup-file-missing": code("The file {path} is missing from the store.", path=str),
    "not-a-backup": code("This file is not a backup of a store."),
    "backup-damaged": code("The backup is damaged or incomplete: {message}.", message=str),
    "backup-incomplete": code("The backup is incomplete: its end is missing."),
    "backup-checksum-differs": code(
        "The backup is damaged: its rows or files do not match its recorded totals."
    ),
    "backup-strange-file": code(
        "The backup is damaged: it contains the unexpected entry {path}.", path=str
    ),
    "backup-strange-bytes": code(
        "The backup is damaged: the content of {path} has changed.", path=str
    ),
    "backup-newer": code("nbyard {version} wrote this backup. Upgrade nbyard.", version=str),
    "restore-failed": code("The backup was not restored: {message}.", message=str),
    "store-exists": code("A store already exists in {folder} or in its database.", folder=str),
    "former-store-there": code(
        "The former store of this backup still exists in {folder}.", folder=str
    ),
    "same-or-new-id": code(
        "Use --same-id if the restored store replaces it, and stop using the former store."
        " Use --new-id to use both stores."
    ),
}
