#!/usr/bin/env bash
# Gets what an image of code-server is made of into a folder, with the Dockerfile: a Debian that has
# Node.js 20, and packages of npm, without their scripts, one of which would fetch from elsewhere.
# No image registry is asked. Needs root, debootstrap and npm.
#   sudo ./gather.sh FOLDER && docker build --network none --tag me/code-server FOLDER
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "${1:?which folder?}/code-server" && cd "$1"
# the latter builds the native modules of the former, in the image
packages=(code-server@4.99.4 node-gyp@10.3.1)
debian=nodejs,libnode-dev,g++,make,python3,ripgrep,git,ca-certificates
waste=(./usr/share/doc ./usr/share/locale ./usr/share/man ./var/cache ./var/lib/apt)

get() { npm install --loglevel error --ignore-scripts --omit=dev --no-audit --no-fund "$@"; }

echo "Debian's packages …"
root=$(mktemp --directory)
trap 'umount --quiet "$root/proc" "$root/sys" || true; rm -rf --one-file-system "$root"' EXIT
chmod 755 "$root" # it becomes that of the image, where not only root may look
debootstrap --variant=minbase --include="$debian" trixie "$root" >debootstrap.log \
  || { tail debootstrap.log >&2 && exit 1; }
tar --directory="$root" "${waste[@]/#/--exclude=}" --create --file=debian.tar .

echo "npm's packages …"
(
  cd code-server && get --prefix . "${packages[@]}"
  # the rest is what its postinstall.sh does
  cd node_modules/code-server/lib/vscode && get
  ln -sfn node_modules node_modules.asar
  ln -sf code-linux.sh bin/remote-cli/code-server
  ln -sf browser-linux.sh bin/helpers/browser.sh
  cd extensions && get
)
cp "$here/Dockerfile" .
