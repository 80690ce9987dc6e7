#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what a target needs: `deps.sh run`. Python itself may be what is missing.
set -eu
cd "$(dirname "$0")/.."
if ! [ -x /usr/bin/python3 ]; then
	echo "deps: installing python3"
	sudo=
	[ "$(id -u)" = 0 ] || sudo=sudo
	$sudo apt-get -qq update
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends python3
fi
exec /usr/bin/python3 tools/deps.py "$@"
