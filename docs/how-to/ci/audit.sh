#!/usr/bin/env bash
# Audits one registered version, signs with CI's key, and keeps record and pages.
# usage: audit.sh models:/NAME/VERSION [more options of igw-audit audit]
# exit:  0 audited and signed, whatever the record says; 1 it could not be audited
set -euo pipefail
uri=${1:?give models:/NAME/VERSION}
shift
: "${IGW_KEY_FILE:?set IGW_KEY_FILE to the file with the private key of CI}"
out=${IGW_OUT:-out/igw-audit}

code=0
igw-audit audit "$uri" --out "$out" "$@" || code=$?
case $code in
  0) echo "the record says: allowed" ;;
  3) echo "the record says: refused" ;;
  4) echo "the record says: people must judge" ;;
  *) echo "the version could not be audited (exit $code)" >&2; exit 1 ;;
esac
igw-audit verify "$uri" >"$out/verify.txt"
echo "signed; record and pages are in $out"
