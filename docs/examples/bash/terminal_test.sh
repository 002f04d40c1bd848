#!/usr/bin/env bash
# Three tests of a terminal in bash and curl. `terminal` is the terminal under test: put yours in its place.
set -euo pipefail
cd "$(mktemp -d)"

exec 3< <(exec acquirer serve --listen 127.0.0.1:0 --http 127.0.0.1:0 --store memory: --log off --exit-with-parent)
host=$!
trap 'kill $host' EXIT
read -r ready <&3 # ready: listening on 127.0.0.1:8583 (unionpay-pos); …; HTTP at http://127.0.0.1:18583
address=${ready#*listening on } address=${address%% *}
url=${ready##*HTTP at }

terminal() { acquirer terminal "$@" --host "$address" --tid "$tid" --state state; }

# Ends the script with what the host says, if that refuses.
post() { answer=$(curl --fail-with-body --silent --show-error --json "$2" "$url/$1") || { echo "$answer" && exit 1; }; }

# So many exchanges of the terminal must fit a filter; otherwise the host says which come nearest.
verify() { post journal/verify "{\"when\": \"tid=$tid & $1\", \"count\": $2}"; }

signs_on() {
    terminal sign-on
    verify 'service=sign_on & code=00' 1
}

prints_nothing_when_declined() {
    post rules "{\"name\": \"poor\", \"when\": {\"service\": \"sale\", \"tid\": \"$tid\"}, \"then\": {\"code\": \"51\"}}"
    terminal sale --amount 12.34 --receipt-out slip.txt --expect 39=51
    verify 'service=sale & code=51' 1
    [ ! -e slip.txt ]
}

reverses_after_silence() {
    post faults "{\"kind\": \"silent\", \"service\": \"sale\", \"tid\": \"$tid\"}"
    code=0
    terminal sale --amount 12.34 --timeout 1 || code=$?
    [ "$code" = 4 ] # no reply in time
    verify 'service=reversal & amount=12.34 & code=00' 1
}

tid=20000000
for test in signs_on prints_nothing_when_declined reverses_after_silence; do
    tid=$((tid + 1)) # a terminal of its own for each: what one test does to the host acts on it alone
    echo "── $test"
    "$test"
done
echo "3 tests passed"
