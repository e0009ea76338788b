"""How kernels of each language are prepared before an attempt and then set up for it.

Each language recognizes its kernels, and finds the user's files that such a kernel runs at its
start. It also builds the request that sets the kernel up for an attempt.
"""

from __future__ import annotations

import ast
import glob
import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Protocol

from ..kernels.in_process_kernel import CONFIG_FILES, CONFIG_KINDS
from ..kernels.specifications import is_ipykernel, stamp

STARTUP_FILES = ("*.py", "*.ipy")
PROFILES = (".Rprofile*", ".Renviron*")
NAMED_PROFILES = ("R_PROFILE", "R_PROFILE_USER", "R_ENVIRON", "R_ENVIRON_USER")
IRKERNEL = ["-e", "IRkernel::main()", "--args", "{connection_file}"]
R_OPTIONS = {"--slave", "--no-echo", "--quiet", "--no-save", "--no-restore", "--vanilla"}
# A line such as R_HOME_DIR=/usr/lib/R in the shell script `R`.
R_HOME = re.compile(r'^R_HOME_DIR="?(/[^"\n]*)"?$', re.MULTILINE)


class Language(Protocol):
    """The interface to kernels of one language."""

    name: str

    def programs(self, spec: Any, environment: Mapping[str, str]) -> list[str]:
        """Return the files that are executed to start the kernel, the program last.

        The list is empty for kernels of other languages. It is also empty if the working directory
        could affect which program is started.
        """

    def has_user_configuration(self, program: str, environment: Mapping[str, str]) -> bool:
        """Return whether the user has configured the kernel or given it startup files."""

    def variables(self, scratch: str) -> dict[str, str]:
        """Return environment variables that the kernel has only while it waits for an attempt."""

    def request(self, attempt: dict[str, Any], stamps: dict[int, str]) -> dict[str, Any]:
        """Return the code request that sets the kernel up for an attempt.

        `attempt` has the directory and the variables (None removes one). `stamps` has the texts to
        write at addresses of the process's memory. The request leaves no name, output or history in
        the kernel.
        """

    def answer(self, content: dict[str, Any], printed: str) -> list[Any]:
        """Return the process ID of the kernel and the paths that it depends on, from its reply.

        Raises:
            ValueError: The kernel could not be set up for the attempt.
        """


class Python:
    """ipykernel."""

    name = "python"

    def programs(self, spec: Any, environment: Mapping[str, str]) -> list[str]:
        # IPython runs the file in PYTHONSTARTUP, which may be the user's, when a kernel starts.
        if not is_ipykernel(spec) or environment.get("PYTHONSTARTUP"):
            return []
        major, minor = sys.version_info[:2]
        own = ("python", f"python{major}", f"python{major}.{minor}")  # as in jupyter_client
        return [sys.executable if spec.argv[0] in own else spec.argv[0]]

    def has_user_configuration(self, program: str, environment: Mapping[str, str]) -> bool:
        """Return whether the user or the machine's administrator has configured IPython."""
        home = os.path.expanduser(environment.get("IPYTHONDIR") or "~/.ipython")
        real = os.path.realpath(program)
        prefixes = {os.path.dirname(os.path.dirname(path)) for path in (program, real)}
        places = [os.path.join(home, "profile_default"), "/usr/local/etc/ipython", "/etc/ipython"]
        for place in (*places, *(os.path.join(prefix, "etc", "ipython") for prefix in prefixes)):
            names = [name + kind for name in CONFIG_FILES for kind in CONFIG_KINDS]
            if any(os.path.exists(os.path.join(place, name)) for name in names):
                return True
            if any(glob.glob(os.path.join(place, "startup", each)) for each in STARTUP_FILES):
                return True
        return False

    def variables(self, scratch: str) -> dict[str, str]:
        return {}

    def request(self, attempt: dict[str, Any], stamps: dict[int, str]) -> dict[str, Any]:
        arguments = f"(get_ipython(), {attempt!r}, {stamps!r})"
        text = f"(lambda names: (exec({_text('py')!r}, names), names['claim']{arguments})[1])({{}})"
        return {"code": "", "silent": True, "user_expressions": {"": text}}

    def answer(self, content: dict[str, Any], printed: str) -> list[Any]:
        reply = content.get("user_expressions", {}).get("", {})
        if reply.get("status") != "ok":
            raise ValueError(reply.get("evalue"))
        return list(json.loads(ast.literal_eval(reply["data"]["text/plain"])))


class R:
    """IRkernel, which ignores user expressions and reports no errors of silent requests."""

    name = "R"

    def programs(self, spec: Any, environment: Mapping[str, str]) -> list[str]:
        """Return the programs that the kernel starts, empty if they are not known."""
        options, launch = spec.argv[1 : -len(IRKERNEL)], spec.argv[-len(IRKERNEL) :]
        if launch != IRKERNEL or not R_OPTIONS.issuperset(options):
            return []
        script = spec.argv[0]
        if not os.path.isabs(script):
            path = environment.get("PATH", "")
            # relative words and places depend on the working directory
            is_fixed = os.sep not in script and all(map(os.path.isabs, path.split(os.pathsep)))
            script = (shutil.which(script, path=path) or "") if is_fixed else ""
        program = _program_of_r(script, stamp(script))
        return [script, program] if program else []

    def has_user_configuration(self, program: str, environment: Mapping[str, str]) -> bool:
        """Return whether the user has profile files, which R runs when it starts.

        The machine's own profiles count as part of R's installation.
        """
        if any(environment.get(name) for name in NAMED_PROFILES):
            return True
        home = glob.escape(os.path.expanduser(environment.get("HOME", "~")))
        return any(glob.glob(os.path.join(home, each)) for each in PROFILES)

    def variables(self, scratch: str) -> dict[str, str]:
        """Return a temporary folder for R, which would otherwise leave one behind when killed."""
        return {"TMPDIR": scratch}

    def request(self, attempt: dict[str, Any], stamps: dict[int, str]) -> dict[str, Any]:
        environment = attempt["environment"]
        given = {name: value for name, value in environment.items() if value is not None}
        arguments = [_r_words([attempt["directory"]]), _r_words(given), _r_words(given.values())]
        arguments += [_r_words(environment.keys() - given), f"c({', '.join(map(str, stamps))})"]
        code = f"({_text('R')})({', '.join([*arguments, _r_words(stamps.values())])})"
        return {"code": code, "silent": False}

    def answer(self, content: dict[str, Any], printed: str) -> list[Any]:
        if content["status"] != "ok":
            raise ValueError(content.get("evalue"))
        pid, *paths = os.fsdecode(bytes.fromhex(printed)).split("\n")
        return [int(pid), paths]


LANGUAGES: tuple[Language, ...] = (Python(), R())


# The stamp is a part of the key, so that a changed script is read again.
@cache
def _program_of_r(script: str, _stamp: tuple[int, int]) -> str:
    """Return the path of R's binary, as named in the shell script `R`, or "".

    Scripts of another form are not accepted: they could choose the binary by the working directory.
    """
    try:
        with open(script, encoding="utf-8", errors="replace") as file:
            home = R_HOME.search(file.read())
    except OSError:
        return ""
    return os.path.join(home[1], "bin", "exec", "R") if home else ""


def _r_words(texts: Iterable[str]) -> str:
    """Return an R vector of strings, independent of R's locale."""
    codes = (", ".join(map(str, os.fsencode(word))) for word in texts)
    return f"c({', '.join(f'rawToChar(as.raw(c({each})))' for each in codes)})"


@cache
def _text(kind: str) -> str:
    """Return the text of claim_script in the language whose file extension is `kind`."""
    path = os.path.join(os.path.dirname(__file__), f"claim_script.{kind}")
    with open(path, encoding="utf-8") as file:
        return file.read()
