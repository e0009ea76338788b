#!/usr/bin/env bash
# Installs what the check needs: .venv and node_modules, and the programs of the groups that are named.
. "$(dirname "$0")/machine.sh"

packages=(git=git)
for group; do
  case $group in
  postgresql) packages+=('/usr/lib/postgresql/*/bin/initdb'=postgresql) ;;
  services)
    packages+=(chromium-headless-shell=chromium-headless-shell
      dockerd=docker.io docker-registry=docker-registry ip=iproute2 debootstrap=debootstrap
      sqlite3=sqlite3
      /usr/sbin/sshd=openssh-server '/usr/lib/*/faketime/libfaketime.so.1'=libfaketime
      '/usr/*/R/site-library/IRkernel'=r-cran-irkernel)
    ;;
  evidence)
    packages+=(podman=podman runc=runc catatonit=catatonit
      /usr/sbin/slurmctld=slurmctld /usr/sbin/slurmd=slurmd sbatch=slurm-client)
    ;;
  *) stop "There is no group of programs $group." ;;
  esac
done
debian "${packages[@]}"
environment '[dev]'
python buildtools/bundle.py packages
once journeys ui-tests/package-lock.json -- npm --prefix ui-tests ci --silent --no-audit --no-fund
echo "Set-up: $SECONDS s"
