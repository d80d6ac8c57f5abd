#!/usr/bin/env bash
# Builds, serves and tests Témoin. Without a word it explains itself.
set -euo pipefail
cd "$(dirname "$0")"

usage() {
  cat <<'TEXT'
./build.sh build            the program, bin/temoin, with all that it serves in it
./build.sh serve [FLAGS]    build, and serve the demo portal on http://127.0.0.1:8080
./build.sh test             install what the tests need, and run every test there is
./build.sh bench            sizes of all parts, times in Chromium, receipts a second, the server beside nginx,
                            and before a crowd;
                            -size: the sizes alone, -server: the server alone
./build.sh shots DIR        build, and take pictures of every scene in every look into DIR; with words after DIR,
                            those whose name holds them: dialog dsfr dark 320 rtl
./build.sh export DIR       build, and write the files for a static host into DIR, of catalogue.yaml or -catalogue FILE

Building needs Go alone. The tests need Debian's apt-get as well, and use Node.
TEXT
}

engines=${TEMOIN_ENGINES:-chromium firefox webkit}
# How many times longer than on a quiet machine the tests wait for what has to come.
export TEMOIN_PATIENCE=${TEMOIN_PATIENCE:-3}

step() { printf '\n== %s\n' "$*"; }

# Runs a command of go on the program in the browser: with a trimmed go-app
# (server/tools/trim), or with TEMOIN_STOCK=1 with go-app as it is.
browser() {
  local command=$1; shift
  local flags=(-tags light)
  if [ -z "${TEMOIN_STOCK:-}" ]; then
    go run ./server/tools/trim
    flags+=(-modfile=.cache/go.mod)
  fi
  GOOS=js GOARCH=wasm go "$command" "${flags[@]}" "$@" .
}

# Nothing is inlined (-l): that makes 683 kB of 729, brotli 11, and the start no
# slower, since browsers compile a function when it is first called.
program() { browser build -trimpath -gcflags=all=-l "$@"; }

build() {
  program -ldflags='-s -w' -o web/dist/app.wasm
  go run ./server/tools/build
  go build -trimpath -ldflags='-s -w' -o bin/temoin .
}

# Debian packages that are not there yet, in one go.
need() {
  local missing=()
  for package; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  step "install ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# The store's tests start clusters of their own; Debian's, which it would start
# beside them, is not wanted.
need_postgres() {
  need postgresql-common
  if ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then
    sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
    need postgresql
  fi
}

need_node() {
  command -v node >/dev/null && command -v npm >/dev/null || need nodejs npm
}

need_browser() {
  need_node
  local packages=(chromium chromium-headless-shell fonts-dejavu-core)
  case $engines in *firefox*) packages+=(firefox-esr) ;; esac
  case $engines in *webkit*) packages+=(webkit2gtk-driver xvfb) ;; esac
  need "${packages[@]}"
  (cd server/e2e && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
}

test_all() {
  step 'build'
  build
  step 'gofmt'
  unformatted=$(gofmt -l app server web main.go main_js.go)
  [ -z "$unformatted" ] || { echo "not formatted: $unformatted"; exit 1; }
  step 'go vet, and for the browser; a build for Windows'
  go vet ./...
  GOOS=js GOARCH=wasm go vet . ./app/...
  GOOS=windows go build -o /dev/null .
  step 'staticcheck, and for the browser'
  staticcheck=$(go tool -n staticcheck)
  "$staticcheck" ./...
  GOOS=js GOARCH=wasm "$staticcheck" . ./app/...
  need_postgres
  need_node
  need php-cli python3 # the documentation is tested in the languages that it shows
  step 'unit tests'
  go test -race -timeout 20m ./...
  need_browser
  step 'unit tests, as WebAssembly'
  GOOS=js GOARCH=wasm go test -exec="$(go env GOROOT)/lib/wasm/go_js_wasm_exec" ./app/...
  need nginx-light apache2-bin caddy haproxy
  step 'tests of the loader and of the server'
  files=(server/e2e/plain/*.test.mjs)
  node --test --test-concurrency=1 --test-reporter=tap "${files[@]}"
  end_to_end
}

# The same scenarios in each engine that TEMOIN_ENGINES names, side by side:
# mostly they wait. Each line says which engine's it is.
end_to_end() {
  local engine results broken=() runs=()
  results=$(mktemp -d)
  trap 'trap - TERM; kill 0' INT TERM # what runs in the background hears of neither
  for engine in $engines; do
    end_to_end_in "$engine" "$results/$engine" 2>&1 | sed -u "s/^/$engine | /" &
    runs+=("$engine $!")
  done
  for run in "${runs[@]}"; do
    wait "${run#* }" || broken+=("${run% *}")
  done
  step 'the engines'
  cat "$results"/*
  rm -r "$results"
  [ ${#broken[@]} -eq 0 ] || { echo "broken in ${broken[*]}"; return 1; }
}

# A browser on a busy machine now and then misses a moment. The tests that fail
# are run once more, by themselves and in plain sight; what fails twice is broken.
end_to_end_in() {
  local engine=$1 results=$2 failed files patterns
  failed=$(mktemp)
  files=(server/e2e/*.test.mjs)
  browser_tests "$engine" "$failed" "$results" "${files[@]}" && { rm -f "$failed"; return; }
  mapfile -t files < <(cut -f 1 "$failed" | sort -u)
  mapfile -t patterns < <(cut -f 2 "$failed" | sort -u)
  rm -f "$failed"
  [ ${#files[@]} -gt 0 ] || return 1
  # Where a file broke as a whole, it is run as a whole.
  [ -n "${patterns[0]}" ] || patterns=(.)
  step "once more, in $engine: ${files[*]##*/}"
  echo 'once more, what failed:' >>"$results"
  browser_tests "$engine" /dev/null "$results" "${patterns[@]/#/--test-name-pattern=}" "${files[@]}" || return 1
  # What is asked for by its name has to be found.
  [ "$(sed -nE 's/^\w+: ([0-9]+) passed.*/\1/p' "$results" | tail -n 1)" -ge "${#patterns[@]}" ]
}

browser_tests() {
  local engine=$1 failed=$2 results=$3 at_once=1 closing ended=0
  shift 3
  closing=$(mktemp)
  [ "$engine" != webkit ] || at_once=2 # files: it waits much, for its sessions to begin and its cookies to come
  TEMOIN_ENGINE=$engine node --test --test-concurrency=$at_once --test-reporter=tap --test-reporter-destination=stdout \
    --test-reporter=./server/e2e/lib/failed.mjs --test-reporter-destination="$failed" \
    --test-reporter=./server/e2e/lib/closing.mjs --test-reporter-destination="$closing" "$@" || ended=$?
  tee -a "$results" <"$closing"
  rm -f "$closing"
  return $ended
}

bench() {
  local times=yes
  case " $* " in
    *' -server '*) bench_server; return ;;
    *' -size '* | *' --size '*) times= ;;
  esac
  if [ $times ]; then need_browser; need_postgres; else need_node; fi
  node server/e2e/bench.mjs "$@"
  program -ldflags=-w -o .cache/named.wasm
  browser list -deps | go run ./server/tools/weigh .cache/named.wasm
  [ $times ] || return 0
  step 'receipts in SQLite, for two minutes'
  go run ./server/tools/load -duration 60s
  step 'receipts in PostgreSQL, for two minutes'
  go run ./server/tools/load -duration 60s -postgres
  bench_server
}

# Drives the server, and nginx with the exported files, by turns, on the
# loopback: temoin.js, gzip, which Debian's nginx serves from files. What counts
# is the ratio; 2 CPUs carry the load tool too.
bench_server() {
  need nginx-light apache2-utils
  local dir round
  dir=$(mktemp -d)
  trap "kill \$(jobs -p) 2>/dev/null || true; rm -rf '$dir'" EXIT # dir is gone by then
  bin/temoin export -catalogue server/demo/catalogue.yaml "$dir/export" >/dev/null
  chmod -R a+rX "$dir"
  cat >"$dir/nginx.conf" <<CONF
daemon off; worker_processes auto; pid $dir/pid; error_log $dir/error.log;
events {}
http {
  types { text/javascript js; }
  access_log off; sendfile on; tcp_nopush on; gzip_static on;
  client_body_temp_path $dir; proxy_temp_path $dir; fastcgi_temp_path $dir; uwsgi_temp_path $dir; scgi_temp_path $dir;
  open_file_cache max=100; keepalive_requests 1000000;
  server { listen 127.0.0.1:18481; root $dir/export; }
}
CONF
  nginx -c "$dir/nginx.conf" &
  bin/temoin serve -addr 127.0.0.1:18482 -catalogue server/demo/catalogue.yaml -log warn >/dev/null &
  sleep 2
  step 'requests a second for temoin.js, kept connections, 16 at a time'
  for round in 1 2 3; do
    echo "$(rate 18481) $(rate 18482)" | awk -v round=$round '{ printf "round %d: nginx %s, temoin %s, ratio %.2f\n", round, $1, $2, $2 / $1 }'
  done
  step 'temoin.js for a crowd'
  go run ./server/tools/load -crowd 10000 -duration 10s
}

rate() {
  ab -q -k -c 16 -n 20000 -H 'Accept-Encoding: gzip' "http://127.0.0.1:$1/temoin.js" | awk '/^Requests per second/ { print $4 } /^(Failed|Non-2xx)/ && $3 > 0 { print > "/dev/stderr" }'
}

case "${1:-}" in
  build) build ;;
  serve) shift; build; exec bin/temoin demo -max-age 0 "$@" ;;
  test) test_all ;;
  bench) shift; build; bench "$@" ;;
  shots) shift; build; need_browser; node server/tools/pictures/pictures.mjs "$@" ;;
  export) shift; build; bin/temoin export "$@" ;;
  *) usage; [ $# -eq 0 ] || exit 1 ;;
esac
