#!/usr/bin/env bash
# Needs: curl, openssl; wxpay-sandbox as $1. Leaves: nothing.
# Runs every `sh` block of docs/control-api.md in order against a sandbox of its own: a call that the
# page describes and the door refuses fails. Then: is every call of the page's table used by a line?
set -euo pipefail
page=$(dirname "$0")/../../../docs/control-api.md
blocks=$(sed -n '/^```sh$/,/^```$/{/^```/d;p}' "$page")

"$1" exec --log-level error -- bash -euo pipefail -c '
curl() { command curl --fail-with-body -sS "$@" || { code=$?; echo " <- curl $*" >&2; return $code; }; }
'"$blocks" >/dev/null

lines=$(grep -E '^ *curl ' <<<"$blocks" | sed -e 's#\$MCH#/v1/accounts/{mch_id}#' -e 's#\$CONTROL##')
missing=0
while read -r method path; do
    pattern=$(sed -E 's#\{mch_id\}#(\\{mch_id\\}|[0-9]+)#; s#\{[a-z_]+\}#[A-Za-z0-9]+#g' <<<"$path" |
        sed 's#(\\\\{mch_id\\\\}#(\\{mch_id\\}#')
    case $method in
    GET) mine=$(grep -Ev -- '-d|-X' <<<"$lines") ;;
    POST) mine=$(grep -E -- '-d|-X POST' <<<"$lines" | grep -Ev -- '-X P[UA]') ;;
    *) mine=$(grep -E -- "-X $method" <<<"$lines") ;;
    esac
    if ! grep -Eq "\"$pattern(\?[^\"]*)?\"" <<<"$mine"; then
        echo "no line for: $method $path" >&2
        missing=1
    fi
done < <(sed -nE 's#^\| `(GET|POST|PUT|PATCH|DELETE) (/v1/[^`?]*)` \|.*#\1 \2#p' "$page")
exit $missing
