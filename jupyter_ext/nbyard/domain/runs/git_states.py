"""The state of the Git repository from which a run was started."""

import re

import msgspec

from nbyard.errors import Invalid

SHORT = 10
MOST_BRANCH = 250
# of SHA-1 or SHA-256
COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")


class GitState(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A commit and its branch, which may be empty. `is_dirty`: there were uncommitted changes."""

    commit: str
    branch: str = ""
    is_dirty: bool = False

    def check(self) -> None:
        """Check a state that a client sent.

        Raises:
            Invalid: `commit` is not the hash of a commit, or the branch is too long.
        """
        if not COMMIT.fullmatch(self.commit):
            raise Invalid.field("git.commit", "must be the full hash of a commit")
        if len(self.branch) > MOST_BRANCH or not self.branch.isprintable():
            raise Invalid.field("git.branch", f"may have at most {MOST_BRANCH} characters")

    def __str__(self) -> str:
        """Return `main 1a2b3c4d5e`, with `+ changes` for a dirty state."""
        changes = "+ changes" if self.is_dirty else ""
        return " ".join(filter(None, (self.branch, self.commit[:SHORT], changes)))
