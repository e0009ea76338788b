"""Why a notice channel is refused, and why a message was not sent."""

from nbyard.reasons.codes.code import NUMBER, REASON, code

REFUSED_CHANNELS = {
    "no-channel": code("There is no notice channel '{name}'; {present}.", name=str, present=REASON),
    "channel-exists": code("A notice channel named '{name}' exists.", name=str),
    "channel-name-is-id": code("may not be an id: these name other channels"),
    "not-channel-url": code(
        "must be an https:// URL, or a URL of Apprise such as slack://… or mailtos://…"
    ),
    "channel-not-encrypted": code(
        "must be encrypted (https://, jsons://), because messages name your work"
    ),
    "channel-is-local": code("{scheme}:// stays on the server's own machine", scheme=str),
    "channel-reads-file": code("may not name a file of the server ({name})", name=str),
    "unknown-channel-url": code("Apprise does not know this kind of URL, or it is incomplete"),
    "channel-url-examples": code(
        "E-mail: mailtos://USER:PASSWORD@smtp.example.org?to={address}"
        " Slack: https://hooks.slack.com/services/T…/B…/…",
        address=str,
    ),
    "channel-events-needed": code("at least one event is needed"),
    "channel-named-twice": code("the channel is named twice"),
    "channel-kind-missing": code(
        "The package that sends to channels of the kind {kind} is not installed", kind=str
    ),
    "channel-package-missing": code(
        "Channels of the kind {kind} need the package {package}", kind=str, package=str
    ),
    "too-many-rules": code("there may be at most {most} rules", most=int),
}

DELIVERIES = {
    "channel-answered": code("{service} answered {status}", service=str, status=int),
    "channel-answered-text": code(
        "{service} answered {status}: {text}", service=str, status=int, text=str
    ),
    "channel-too-late": code(
        "{service} did not answer within {seconds} s", service=str, seconds=NUMBER
    ),
    "channel-unreachable": code("{service} cannot be reached: {message}", service=str, message=str),
    "channel-not-sent": code(
        "{service} did not accept the message: {message}", service=str, message=str
    ),
    "channel-address-refused": code("{service}: {reason}", service=str, reason=REASON),
    "sender-ended": code("The sender of messages ended unexpectedly: {cause}", cause=REASON),
}

NOTICES = {**REFUSED_CHANNELS, **DELIVERIES}
