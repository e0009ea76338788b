"""Writes the text of the unit, and the line for cron where systemd is missing."""

import hashlib
import re
import shlex

from nbyard.host.user_unit.dispatcher_start import DispatcherStart

HEAD = """\
# `nbyard service install` wrote this file. It replaces an edited file only with --force.
# Store: {store}
# Digest of the lines below: {digest}
"""
HEADER = re.compile(
    r"#.*\n# Store: (?P<store>.*)\n# Digest of the lines below: (?P<digest>[0-9a-f]{64})\n"
)
BODY = """\
[Unit]
Description=nbyard dispatcher: starts due runs of schedules and triggers
StartLimitIntervalSec=0

[Service]
Type=exec
WorkingDirectory=/
{variables}
ExecStart={command}
StandardOutput=append:{log}
StandardError=inherit
# Exit code 0: the dispatcher has no work, or another dispatcher serves the store.
Restart=on-failure
RestartSec=10
# Running tasks continue when the dispatcher stops, or when one of them needs too much memory.
KillMode=process
OOMPolicy=continue

[Install]
WantedBy=default.target
"""


def unit_text(start: DispatcherStart) -> str:
    """Return the text of the unit."""
    variables = [f"Environment={_quote(f'{n}={v}')}" for n, v in start.variables.items()]
    if start.environment_file is not None:
        variables.append(f"EnvironmentFile={_escape(str(start.environment_file))}")
    body = BODY.format(
        variables="\n".join(variables),
        # In commands, systemd also replaces variables.
        command=f"{_quote(start.python).replace('$', '$$')} -m nbyard.dispatch",
        log=_escape(str(start.log)),
    )
    return HEAD.format(store=start.store, digest=_digest(body)) + body


def store_of(text: str) -> str | None:
    """Return the store in a unit's text, None if somebody edited the text."""
    head = HEADER.match(text)
    if head is None or head["digest"] != _digest(text[head.end() :]):
        return None
    return head["store"]


def cron_line(start: DispatcherStart) -> str:
    """Return the crontab line that starts the dispatcher at boot."""
    parts = [f"{name}={shlex.quote(value)}" for name, value in start.variables.items()]
    parts += [shlex.quote(start.python), "-m", "nbyard.dispatch"]
    command = f"{' '.join(parts)} >> {shlex.quote(str(start.log))} 2>&1"
    if start.environment_file is not None:
        command = f"set -a; . {shlex.quote(str(start.environment_file))}; {command}"
    # cron reads a percent sign as a line break.
    return f"@reboot {command}".replace("%", r"\%")


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def _escape(text: str) -> str:
    """Return a text with systemd's specifiers, such as %h, escaped."""
    return text.replace("%", "%%")


def _quote(text: str) -> str:
    escaped = _escape(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
