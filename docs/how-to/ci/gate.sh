#!/usr/bin/env bash
# Asks whether one registered version may be used now; with an alias, sets it if so.
# usage: gate.sh models:/NAME/VERSION [ALIAS]
# exit:  0 allowed (and promoted), 3 refused, 4 waits for people, 1 error
set -euo pipefail
uri=${1:?give models:/NAME/VERSION}
alias=${2:-}
out=${IGW_OUT:-out/igw-audit}
mkdir -p "$out"

code=0
if [ -n "$alias" ]; then
  igw-audit promote "$uri" --alias "$alias" --json >"$out/gate.json" || code=$?
else
  igw-audit gate "$uri" --json >"$out/gate.json" || code=$?
fi
case $code in
  0) echo "allowed: $uri" ;;
  3) echo "refused: $uri; the reasons are in $out/gate.json" >&2 ;;
  4) echo "waits for people: $uri; what is asked is in $out/gate.json" >&2 ;;
  *) echo "the gate could not be asked (exit $code)" >&2 ;;
esac
exit "$code"
