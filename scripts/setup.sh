#!/usr/bin/env bash
# Installs what the tests need and the program does not: a browser for the
# journeys, the font that screens are drawn in, an X server without a screen,
# the VNC servers that a terminal may have installed, a program that copies and
# pastes, curl for the examples of the documents, PostgreSQL for the second engine of the store, ffmpeg for videos, and the
# packages of the web app. Says first what it will do and asks; does nothing where
# all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
	cat <<'TEXT'
usage: scripts/setup.sh [-y] [-n]
  -y  do not ask (CI=true does the same)
  -n  only say what is missing; ends with 1 when something is
TEXT
}

yes=${CI:-false}
dry=false
while getopts 'ynh' flag; do
	case $flag in
	y) yes=true ;;
	n) dry=true ;;
	h) usage && exit 0 ;;
	*) usage >&2 && exit 2 ;;
	esac
done

say() { printf 'setup: %s\n' "$*"; }
die() {
	printf 'setup: %s\n' "$*" >&2
	exit 1
}

# at_least HAVE WANT compares versions by their numbers.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

check_tools() {
	local tool
	for tool in go node npm git make gcc; do
		command -v "$tool" >/dev/null || die "$tool is not installed; a machine needs Go 1.26, Node 20.19, git, make and gcc"
	done
	local go_version node_version
	go_version=$(go env GOVERSION)
	at_least "${go_version#go}" 1.26 || die "Go ${go_version#go} is too old, 1.26 or newer is needed"
	node_version=$(node --version)
	at_least "${node_version#v}" 20.19 || die "Node ${node_version#v} is too old, 20.19 or newer is needed"
}

have_browser() { command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; }
have_font() { command -v fc-list >/dev/null && [ -n "$(fc-list 'BIZ UDGothic' family)" ]; }
have_postgres() { command -v postgres >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; }
have_ffmpeg() { command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null; }
have_display() { command -v Xvfb >/dev/null; }
have_vnc() { command -v Xvnc >/dev/null && command -v X0tigervnc >/dev/null && command -v x11vnc >/dev/null; }
have_clipboard() { command -v xclip >/dev/null; }
have_curl() { command -v curl >/dev/null; }
have_modules() { [ -f ui/node_modules/.package-lock.json ] && [ ! ui/package-lock.json -nt ui/node_modules/.package-lock.json ]; }

check_tools
packages=()
have_browser || packages+=(chromium)
have_font || packages+=(fontconfig fonts-morisawa-bizud-gothic)
have_postgres || packages+=(postgresql)
have_ffmpeg || packages+=(ffmpeg)
have_display || packages+=(xvfb)
have_vnc || packages+=(tigervnc-standalone-server tigervnc-scraping-server x11vnc)
have_clipboard || packages+=(xclip)
have_curl || packages+=(curl)
modules=false
have_modules || modules=true

if [ ${#packages[@]} -eq 0 ] && [ "$modules" = false ]; then
	say "everything is there"
	exit 0
fi

root=()
if [ ${#packages[@]} -gt 0 ]; then
	command -v apt-get >/dev/null || die "this is no Debian; install by hand: ${packages[*]}"
	[ "$(id -u)" -eq 0 ] || root=(sudo)
	say "will install the Debian packages ${packages[*]}${root:+ (with sudo)}"
	case " ${packages[*]} " in
	*' postgresql '*) say "Debian starts a database on port 5432 with it; the tests do not use that one, they start their own" ;;
	esac
fi
[ "$modules" = false ] || say "will run npm ci in ui/"

[ "$dry" = false ] || exit 1
if [ "$yes" != true ]; then
	[ -t 0 ] || die "nobody to ask; run scripts/setup.sh -y, or set CI=true"
	read -r -p 'setup: go on? [y/N] ' answer
	case $answer in
	y | Y | yes) ;;
	*) die "nothing was done" ;;
	esac
fi

if [ ${#packages[@]} -gt 0 ]; then
	# Another apt may be at work on a new machine; wait for it.
	apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
	"${apt[@]}" update
	"${apt[@]}" install -y --no-install-recommends "${packages[@]}"
fi
if [ "$modules" = true ]; then
	(cd ui && npm ci --no-audit --no-fund)
	touch ui/node_modules/.package-lock.json
fi
say "done"
