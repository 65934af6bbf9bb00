#!/usr/bin/env bash
# Prints the benchmarks with what is needed to read them: the machine, the
# versions, the date. Ratios within one run are the result; absolute numbers
# belong to the machine. The argument chooses benchmarks by name.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "date      $(date -u +%Y-%m-%dT%H:%MZ)"
echo "commit    $(git rev-parse --short HEAD)$([ -z "$(git status --porcelain)" ] || echo ' with changes')"
echo "kernel    $(uname -r)"
echo "machine   $(uname -sm), $(nproc) × $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(awk '/MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo)"
echo "disk      $(df --output=fstype . | tail -n 1) under the working directory"
echo "versions  $(go env GOVERSION), node $(node --version), $( (chromium --version 2>/dev/null || echo 'no chromium') | cut -d' ' -f1-2), postgres $(ls /usr/lib/postgresql 2>/dev/null | tail -n 1), tigervnc $(dpkg-query -W -f '${Version}' tigervnc-scraping-server 2>/dev/null || echo none), websockify $(dpkg-query -W -f '${Version}' websockify 2>/dev/null || echo none), x11vnc $(dpkg-query -W -f '${Version}' x11vnc 2>/dev/null || echo none)"
missing=()
for program in X0tigervnc:tigervnc-scraping-server websockify:websockify x11vnc:x11vnc xterm:xterm ffplay:ffmpeg Xvfb:xvfb; do
	command -v "${program%%:*}" >/dev/null || missing+=("${program#*:}")
done
[ ${#missing[@]} -eq 0 ] || echo "missing   ${missing[*]}: screens are not compared without; apt-get install ${missing[*]}"
echo
# As the product is built: the frozen cryptographic module costs something.
export GOFIPS140=v1.0.0
packages=$(git ls-files --cached --others --exclude-standard '*_test.go' | xargs grep -lE '^func Benchmark' | xargs -r -n 1 dirname | sort -u | sed 's,^,./,')
[ -n "$packages" ] || { echo "no benchmark in the tree" >&2 && exit 1; }
# shellcheck disable=SC2086 # a list of packages
go test -run='^$' -bench="${1:-.}" -benchmem -count=1 -p 1 -timeout 0 $packages
