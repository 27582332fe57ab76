#!/usr/bin/env bash
# Needs: curl, openssl, jq; wxpay-sandbox as $1. Leaves: nothing.
# The programs as scripts meet them: exit codes of exec and of the verbs, what they print, signals.
set -uo pipefail
sandbox=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset "${!WXPAY_@}"
failed=0

# expect CODE PATTERN COMMAND…: the exit code, and a line of what was printed (stdout or stderr)
expect() {
    local code=$1 pattern=$2 got
    shift 2
    "$@" >"$work/said" 2>&1
    got=$?
    if [[ $got != "$code" ]] ||
        { [[ -n $pattern ]] && ! grep -Eq -- "$pattern" "$work/said"; }; then
        printf 'exit %s, not %s, or no line like "%s": %s\n' "$got" "$code" "$pattern" "$*" >&2
        sed 's/^/    /' "$work/said" >&2
        failed=1
    fi
}

# wrong usage, nobody there
expect 2 'Usage: wxpay-sandbox VERB' "$sandbox"
expect 0 '^  exec ' "$sandbox" --help
expect 0 '^wxpay-sandbox [0-9]' "$sandbox" --version
expect 2 'there is no verb "dance"' "$sandbox" dance
expect 0 'control-url=URL' "$sandbox" pay --help
expect 2 'an argument is missing' "$sandbox" pay
expect 2 'one argument too many' "$sandbox" health there
expect 2 'unknown option' "$sandbox" health --colour
expect 2 'must be a number' "$sandbox" serve --port x
expect 2 'advance by how long' "$sandbox" clock advance soon
expect 2 'is not KEY=VALUE' "$sandbox" fault add delay
expect 2 'is not TYPE:FEN' "$sandbox" pay X --coupon CASH
expect 3 'no sandbox answers at http://127.0.0.1:1/' "$sandbox" health --control-url http://127.0.0.1:1
expect 3 'no sandbox answers' env WXPAY_SANDBOX_CONTROL_URL=http://127.0.0.1:1 "$sandbox" orders

# exec hands on what the command says
expect 0 '' "$sandbox" exec -- true
expect 7 '' "$sandbox" exec -- sh -c 'exit 7'
expect 137 '' "$sandbox" exec -- sh -c 'kill -9 $$'
expect 127 'no-such-command' "$sandbox" exec -- no-such-command
expect 126 'ermission' "$sandbox" exec -- /tmp
expect 2 'an argument is missing' "$sandbox" exec
expect 0 '^--port$' "$sandbox" exec echo --port
expect 0 '^from stdin$' sh -c 'echo from stdin | "$1" exec -- cat' - "$sandbox"
for name in WXPAY_BASE_URL=http://127.0.0.1:[0-9]+ WXPAY_MCH_ID=1900000109 \
    WXPAY_APPID=wx8888888888888888 WXPAY_API_KEY=192006250b4c09247ec02edce69f6a2d \
    WXPAY_APIV3_KEY=0123456789abcdefFEDCBA9876543210 WXPAY_MCH_KEY=-----BEGIN.PRIVATE.KEY----- \
    WXPAY_MCH_SERIAL=1A2B3C4D5E6F708192A3B4C5D6E7F8091A2B3C4D WXPAY_PLATFORM_CERT=-----BEGIN.CERTIFICATE----- \
    WXPAY_PLATFORM_SERIAL=2C3D4E5F60718293A4B5C6D7E8F9010A2B3C4D5E \
    WXPAY_SANDBOX_API_URL=http://127.0.0.1:[0-9]+ WXPAY_SANDBOX_CONTROL_URL=http://127.0.0.1:[0-9]+; do
    expect 0 "^$name\$" "$sandbox" exec -- env
done
expect 0 '^77$' bash -c 'ulimit -Sn 77; "$1" exec -- bash -c "ulimit -Sn"' - "$sandbox"
expect 1 'ddress already in use' "$sandbox" exec -- sh -c \
    '"$1" exec --control-port "${WXPAY_SANDBOX_CONTROL_URL##*:}" -- true' - "$sandbox"

# a signal to exec reaches the command, and its answer comes back
"$sandbox" exec -- bash -c 'trap "exit 5" TERM; echo ready; while :; do read -rt 1 <> <(:); done' \
    >"$work/trap" &
pid=$!
until grep -q ready "$work/trap" || ! kill -0 $pid 2>/dev/null; do :; done
kill -TERM $pid
wait $pid
code=$?
[[ $code == 5 ]] || { echo "SIGTERM to exec: exit $code, not 5" >&2; failed=1; }

# serve: ready line on stdout and on the descriptor, a clean end on SIGTERM
"$sandbox" serve --port 0 --control-port 0 --ready-fd 3 --log-level error >"$work/ready" \
    3>"$work/ready3" &
pid=$!
until [[ -s $work/ready3 ]] || ! kill -0 $pid 2>/dev/null; do :; done
line='^\{"event":"ready","version":"[^"]+","pid":'$pid',"api_url":"http://127.0.0.1:[0-9]+","control_url":"http://127.0.0.1:[0-9]+","account":\{"mch_id":"1900000109","appid":"wx8888888888888888","api_key":"192006250b4c09247ec02edce69f6a2d"\}\}$'
for file in ready ready3; do
    expect 0 "$line" cat "$work/$file"
    [[ $(wc -l <"$work/$file") == 1 ]] || { echo "$file: not one line" >&2; failed=1; }
done
kill -TERM $pid
wait $pid
code=$?
[[ $code == 0 ]] || { echo "serve after SIGTERM: exit $code" >&2; failed=1; }

# a door that is not on loopback makes a token, tells it once, and asks for it
"$sandbox" serve --port 0 --control-port 0 --control-host 0.0.0.0 --log-level error >"$work/open" &
pid=$!
until [[ -s $work/open ]] || ! kill -0 $pid 2>/dev/null; do :; done
url=$(sed -E 's/.*"control_url":"([^"]+)".*/\1/' "$work/open")
token=$(sed -E 's/.*"control_token":"([^"]+)".*/\1/' "$work/open")
expect 1 'UNAUTHORIZED' "$sandbox" health --control-url "$url"
expect 1 'UNAUTHORIZED' "$sandbox" health --control-url "$url" --control-token wrong
expect 0 'ok, up for' "$sandbox" health --control-url "$url" --control-token "$token"
kill -INT $pid
wait $pid || { echo "serve after SIGINT: exit $?" >&2; failed=1; }

# the verbs against a sandbox of their own
export -f expect
export sandbox work
cat >"$work/verbs" <<'VERBS'
failed=0
order() {
    local fields sign
    fields="appid=$WXPAY_APPID&body=tea&mch_id=$WXPAY_MCH_ID&nonce_str=n0nce&notify_url=http://127.0.0.1:1/n&out_trade_no=$1&product_id=tea&spbill_create_ip=203.0.113.9&total_fee=801&trade_type=NATIVE"
    sign=$(printf '%s' "$fields&key=$WXPAY_API_KEY" | openssl md5 -r | cut -c1-32 | tr a-f A-F)
    curl -s "$WXPAY_BASE_URL/pay/unifiedorder" -H 'Content-Type: text/xml' \
        -d "<xml>$(printf '%s' "$fields&sign=$sign" | sed -E 's#([^=&]+)=([^&]*)&?#<\1>\2</\1>#g')</xml>" |
        sed -n 's/.*code_url><!\[CDATA\[\([^]]*\).*/\1/p'
}
code=$(order VERB0001)
order VERB0002 >/dev/null
expect 0 '^ok, up for' "$sandbox" health
expect 0 '^\{"status":"ok"' "$sandbox" health --json
expect 0 '^version +[0-9]' "$sandbox" version
expect 0 '^ack_mode +lenient, strict' "$sandbox" switches
expect 0 '^1900000109 ' "$sandbox" accounts
expect 0 '^VERB0001 +NOTPAY +8.01' "$sandbox" orders
expect 0 '^none$' "$sandbox" orders --state SUCCESS
expect 0 '^total +8.01' "$sandbox" order VERB0001
expect 1 'there is no order "NONE"' "$sandbox" order NONE
expect 0 '^phone +cashier' "$sandbox" scan "$code"
if [[ -x $(dirname "$sandbox")/wxpay-qrscan ]]; then
    "$sandbox" qr --output "$work/code.png" "$code"
    expect 0 '^order +VERB0001' "$sandbox" scan "$work/code.png"
    expect 1 'refused: /picture_base64: not-a-picture' "$sandbox" scan "$work/verbs"
fi
expect 1 '^phone +not-ours' "$sandbox" scan http://example.org/
expect 2 'nofile.png' "$sandbox" scan nofile.png
echo '{"package":"prepay_id=wx1","timeStamp":"1","nonceStr":"n","signType":"RSA","paySign":"x"}' >"$work/callup"
expect 1 'why: V3 4.13: no order here has the prepay_id wx1' "$sandbox" callup "$work/callup"
expect 1 '^refused: order unknown' "$sandbox" callup '{"appid":"wx1"}'
expect 1 'not paid: unknown-prepay' "$sandbox" pay "$work/callup"
expect 2 'is no JSON' "$sandbox" callup VERB0001
expect 2 'call-up parameters: line 1' "$sandbox" callup '{"appid"}'
expect 1 'not paid: not-enough-money' "$sandbox" pay "$code" --outcome not_enough_money
expect 0 'paid: order VERB0001, 8.01 yuan' "$sandbox" pay "$code" --coupon CASH:1 --wait-ms 5000
expect 1 '"reason":"paid-already"' "$sandbox" pay VERB0001 --json
expect 0 'met: the order is SUCCESS' "$sandbox" wait order_state VERB0001 SUCCESS
expect 1 'not met: the order is NOTPAY' "$sandbox" wait order_state VERB0002 SUCCESS --timeout-ms 1
expect 1 '"met":false' "$sandbox" wait acknowledged VERB0002 --timeout-ms 1 --json
expect 0 'met: 2 calls seen' "$sandbox" wait calls unifiedorder 2
expect 0 '^1 +VERB0001 +waiting' "$sandbox" notify
expect 0 'delivery 2: not acknowledged' "$sandbox" notify resend 1 --wait-ms 5000
expect 0 'notifications of VERB0002: suppress' "$sandbox" notify suppress VERB0002
expect 0 'notifications of the account: send' "$sandbox" notify release
expect 0 'the clock shows' "$sandbox" clock advance 15s
expect 0 '^stands still +yes' "$sandbox" clock freeze
expect 0 '^stands still +no' "$sandbox" clock real
expect 0 '^kind +delay' "$sandbox" fault add kind=delay delay_ms=5 api=orderquery out_trade_no=12345678
expect 0 '^kind +no_sign' "$sandbox" fault add '{"kind":"no_sign"}'
expect 1 '/delay_ms' "$sandbox" fault add kind=delay delay_ms=soon
expect 0 'api +orderquery +delay' "$sandbox" fault
expect 0 'api +\* +no_sign' "$sandbox" fault
expect 0 '' "$sandbox" fault clear 1
expect 0 '' "$sandbox" fault clear
expect 0 '^1 +api +unifiedorder +VERB0001 +200 +answered' "$sandbox" exchanges --api unifiedorder
expect 0 'Call unifiedorder of merchant' "$sandbox" explain 1
expect 0 '^mch_id +1999000077' "$sandbox" merchant add 1999000077 --name tea --set ack_mode=strict
expect 0 'a.example=http://127.0.0.1:1' "$sandbox" merchant set 1999000077 \
    --origin https://a.example=http://127.0.0.1:1
expect 1 '/switches/ack_mode' "$sandbox" merchant set 1999000077 --set ack_mode=never
expect 0 '^serial_no +1A2B3C4D5E6F708192A3B4C5D6E7F8091A2B3C4D$' "$sandbox" v3
expect 0 '^2C3D4E5F60718293A4B5C6D7E8F9010A2B3C4D5E +yes ' "$sandbox" v3 show
expect 1 'this account has no V3 keys yet' "$sandbox" v3 set 1999000077 --mode pubkey
expect 0 '^public key id +PUB_KEY_ID_0119990000772026112400000000000001$' "$sandbox" v3 show 1999000077
expect 0 '^share_permille +7$' "$sandbox" v3 set 1999000077 --mode switching --share-permille 7
expect 0 '^mode +switching$' "$sandbox" v3 --mch-id 1999000077
expect 0 '^apiv3_key +[0-9A-Za-z]{32}$' "$sandbox" v3 show 1999000077
expect 0 '^apiv3_key +$' "$sandbox" v3 set 1999000077 --apiv3-key ''
expect 1 '/apiv3_key: must be 32 letters' "$sandbox" v3 set 1999000077 --apiv3-key short
expect 1 '/mode' "$sandbox" v3 set 1999000077 --mode always
expect 0 '^[0-9A-F]{40} +yes ' "$sandbox" v3 platform 1999000077 --sign
expect 0 '^2C3D4E5F60718293A4B5C6D7E8F9010A2B3C4D5E +no ' "$sandbox" v3 show 1999000077
expect 2 'is not show, set or platform' "$sandbox" v3 dance
expect 0 '^kind +missing_header' "$sandbox" fault add kind=missing_header header=Wechatpay-Nonce api=v3/query
expect 1 '/header' "$sandbox" fault add kind=missing_header header=Date
expect 1 'does not happen at this door' "$sandbox" fault add kind=tampered_ciphertext
v3() {
    local now=$(date +%s) sign
    sign=$(printf '%s\n%s\n%s\nn0nce\n\n' GET "$2" "$now" |
        openssl dgst -sha256 -sign <("$sandbox" v3 --json | jq -r .merchant.private_key) | base64 -w0)
    curl -s -A curl "$WXPAY_BASE_URL$1" -H "Authorization: WECHATPAY2-SHA256-RSA2048 mchid=\"$WXPAY_MCH_ID\",nonce_str=\"n0nce\",signature=\"$sign\",timestamp=\"$now\",serial_no=\"1A2B3C4D5E6F708192A3B4C5D6E7F8091A2B3C4D\""
}
expect 0 '"algorithm":"AEAD_AES_256_GCM"' v3 /v3/certificates /v3/certificates
expect 0 '"SIGN_ERROR"' v3 '/v3/certificates?algorithm_type=RSA' /v3/certificates
expect 0 '^[0-9]+ +api +v3/certificates +401 ' "$sandbox" exchanges --api v3/certificates
id=$("$sandbox" exchanges --api v3/certificates | tail -n 1 | cut -d ' ' -f 1)
expect 0 'the query string was not signed' "$sandbox" explain "$id"
expect 0 '^  to be signed: GET.n/v3/certificates>>>\?algorithm' "$sandbox" explain "$id"
expect 0 '^  /v3/certificates\?algorithm_type=RSA.n$' "$sandbox" explain "$id"
expect 0 '' "$sandbox" merchant delete 1999000077
expect 1 'there is no account' "$sandbox" merchant show 1999000077
expect 0 '^reset 1900000109' "$sandbox" reset --mch-id 1900000109
expect 0 '^reset all' "$sandbox" reset
expect 0 '^none$' "$sandbox" orders
exit $failed
VERBS
"$sandbox" exec --log-level none -- bash "$work/verbs" || failed=1
exit $failed
