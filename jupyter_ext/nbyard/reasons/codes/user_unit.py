"""What starts the dispatcher after a reboot, and why its systemd unit is refused."""

from nbyard.reasons.codes.code import code

REFUSALS = {
    "secret-in-unit": code("contains a password or token, which must not be in a unit"),
    "put-secret-in-file": code(
        "Write a line {name}='…' to a file with mode 600, and name the file with"
        " --environment-file.",
        name=str,
    ),
    "not-printable-in-unit": code("contains line breaks or other control characters"),
    "environment-file-unreadable": code("{path}: {message}", path=str, message=str),
    "environment-file-strange": code("{path} is not a regular file", path=str),
    "environment-file-open": code("{path} must be yours, and only yours to read", path=str),
    "close-file": code("chmod 600 {path}", path=str),
    "unit-edited": code("{path} was edited by hand.", path=str),
    "unit-of-other-store": code("{path} is the unit of the store {store}.", path=str, store=str),
    "force-unit": code("Use --force to replace or delete the unit."),
    "no-systemd": code("This machine has no systemctl."),
    "systemctl-failed": code(
        "systemctl --user {command} failed: {message}", command=str, message=str
    ),
    "use-cron": code(
        "Without systemd, cron can start the dispatcher. Add this line with crontab -e:\n{line}",
        line=str,
    ),
}

# what `nbyard doctor` finds and advises
FINDINGS = {
    "no-schedule-enabled": code("no schedule or trigger is enabled"),
    "waits-after-reboot": code(
        "after a reboot, no run starts until a Jupyter server or an nbyard command starts the"
        " dispatcher"
    ),
    "unit-disabled": code("{path} is not enabled: it does not start the dispatcher", path=str),
    "unit-starts-at-boot": code("{path} starts the dispatcher at boot", path=str),
    "unit-starts-at-sign-in": code("{path} starts the dispatcher when you sign in", path=str),
    "install-unit": code("nbyard service install starts the dispatcher after a reboot."),
    "enable-linger": code(
        "The unit starts when you sign in. To start it at boot: loginctl enable-linger {user}",
        user=str,
    ),
}

USER_UNIT = REFUSALS | FINDINGS
