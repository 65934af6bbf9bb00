#!/usr/bin/env bash
# Runs every fuzz target of the tree, one after the other, for the given time.
# A new failing input is kept by go test under testdata/fuzz: commit it.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-10s}

found=0
while IFS=: read -r file target; do
	found=$((found + 1))
	echo "== ./$(dirname "$file") $target"
	go test -run='^$' -fuzz="^$target\$" -fuzztime="$time" "./$(dirname "$file")"
done < <(git ls-files --cached --others --exclude-standard '*_test.go' |
	xargs grep -HoE '^func Fuzz[A-Za-z0-9_]+' | sed 's/:func /:/' | sort)
echo "$found fuzz targets ran for $time each"
