"""The state of the Git repository from which a run was started."""

import msgspec

SHORT = 10


class GitState(msgspec.Struct, frozen=True, omit_defaults=True):
    """A commit and its branch, empty for none. `is_dirty`: the files had other changes."""

    commit: str
    branch: str = ""
    is_dirty: bool = False

    def __str__(self) -> str:
        """Return `main 1a2b3c4d5e`, with `+ changes` for a dirty state."""
        changes = "+ changes" if self.is_dirty else ""
        return " ".join(filter(None, (self.branch, self.commit[:SHORT], changes)))
