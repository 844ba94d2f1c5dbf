#!/usr/bin/env bash
# lnav 0.11.1 (Debian 0.11.1-3): lines in the CLF preset of API Gateway's HTTP APIs are taken out of the access log.
# The preset writes "METHOD ROUTEKEY PROTOCOL", and a route key is itself a method and a path, so that the request reads
# "GET GET /items HTTP/1.1". Such a line becomes a row without method, path or status, and where it comes before the
# first line that lnav knows it is not shown at all. One would expect the status of a CLF line to be read whatever stands
# in the quoted request, and no line of the file to be missing.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -q lnav=0.11.1-3 >/dev/null 2>&1 || { echo 'lnav 0.11.1-3 cannot be downloaded here'; exit 1; }
dpkg -x lnav_*.deb .
export HOME="$dir" TERM=dumb
plain='203.0.113.7 - - [18/Nov/2020:05:29:00 +0000] "GET /ok HTTP/1.1" 200 12 KXyzABCjIAMEPzD='
preset='203.0.113.8 - - [18/Nov/2020:05:29:01 +0000] "GET GET /items HTTP/1.1" 500 35 KXyzABCjIAMEPzB='
printf '%s\n' "$plain" "$preset" "$plain" >between.log
printf '%s\n' "$preset" "$plain" >first.log
seen=$(
  usr/bin/lnav -n -c ';SELECT count(*) AS lines, sum(sc_status >= 400) AS errors FROM access_log' \
    -c ':write-csv-to -' between.log
  echo "$(usr/bin/lnav -n first.log | wc -l) of $(wc -l <first.log) lines shown"
)
expected='lines,errors
3,0
1 of 2 lines shown'
[ "$seen" = "$expected" ] || { printf 'it behaves differently now:\n%s\n' "$seen"; exit 1; }
echo 'as found: the 500 has no status, and a first line is not shown'
