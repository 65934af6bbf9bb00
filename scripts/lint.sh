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
# Terminals run on Windows too; nothing else of the tests notices when that breaks.
GOOS=windows GOARCH=amd64 CGO_ENABLED=0 go build -o /dev/null ./cmd/matoi
tool staticcheck ./...
tool golangci-lint run ./...
if [ "${VULN:-yes}" = no ]; then
	echo "lint: known vulnerabilities not looked up (VULN=no)"
else
	tool govulncheck ./...
fi
