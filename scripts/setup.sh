#!/usr/bin/env bash
# Installs the Debian packages that building and testing need, and those named as arguments, if they are not there yet.
set -euo pipefail

packages=(libsqlite3-dev libpq-dev zlib1g-dev pkg-config python3 python3-venv gcc libc6-dev "$@")
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

# One at a time: suites that run beside each other come here too.
exec 9>"${TMPDIR:-/tmp}/cloudapi-setup.lock"
flock 9
echo "Installing ${missing[*]}"
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
as_root apt-get update -qq 9>&- # what a package starts must not hold the lock
as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null 9>&-
