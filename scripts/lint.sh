#!/usr/bin/env bash
# Format, linters and known vulnerabilities. The tools have a module of their
# own (tools/go.mod), so that their hundreds of dependencies stay out of ours.
set -euo pipefail
cd "$(dirname "$0")/.."
tool() { go tool -modfile=tools/go.mod "$@"; }

mapfile -t files < <(git ls-files --cached --others --exclude-standard '*.go')
unformatted=$(tool gofumpt -l "${files[@]}")
if [ -n "$unformatted" ]; then
	printf 'not formatted (gofumpt -w):\n%s\n' "$unformatted" >&2
	exit 1
fi
tool staticcheck ./...
tool golangci-lint run ./...
if [ "${VULN:-yes}" = no ]; then
	echo "lint: known vulnerabilities not looked up (VULN=no)"
else
	tool govulncheck ./...
fi
