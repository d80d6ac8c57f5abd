#!/usr/bin/env bash
# Builds, serves and tests Témoin. Without a word it explains itself.
set -euo pipefail
cd "$(dirname "$0")"

usage() {
  cat <<'TEXT'
./build.sh build            the program, bin/temoin, with all that it serves in it
./build.sh serve [FLAGS]    build, and serve the demo portal on http://127.0.0.1:8080
./build.sh test             install what the tests need, and run every test there is
./build.sh bench            sizes of all parts, times in Chromium, receipts a second; -size: sizes alone
./build.sh export DIR       build, and write the files for a static host into DIR

Building needs Go alone. The tests need Debian's apt-get as well, and use Node.
TEXT
}

step() { printf '\n== %s\n' "$*"; }

build() {
  GOOS=js GOARCH=wasm go build -trimpath -ldflags='-s -w' -o web/dist/app.wasm .
  go run ./web/build
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
  need chromium fonts-dejavu-core
  (cd server/e2e && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
}

test_all() {
  step 'build'
  build
  step 'gofmt'
  unformatted=$(gofmt -l app server web main.go main_js.go)
  [ -z "$unformatted" ] || { echo "not formatted: $unformatted"; exit 1; }
  step 'go vet, and for the browser'
  go vet ./...
  GOOS=js GOARCH=wasm go vet . ./app/...
  step 'staticcheck, and for the browser'
  staticcheck=$(go tool -n staticcheck)
  "$staticcheck" ./...
  GOOS=js GOARCH=wasm "$staticcheck" . ./app/...
  need_postgres
  step 'unit tests'
  go test -race ./...
  need_browser
  step 'unit tests, as WebAssembly'
  GOOS=js GOARCH=wasm go test -exec="$(go env GOROOT)/lib/wasm/go_js_wasm_exec" ./app/...
  step 'tests of the loader, and end-to-end tests in the browser'
  end_to_end
}

# A browser on a busy machine now and then misses a moment. What fails is run
# once more, by itself and in plain sight; what fails twice is broken.
end_to_end() {
  local failed files
  failed=$(mktemp)
  trap 'rm -f "$failed"' RETURN
  browser_tests "$failed" server/e2e/*.test.mjs && return
  mapfile -t files <"$failed"
  [ ${#files[@]} -gt 0 ] || return 1
  step "once more: ${files[*]##*/}"
  browser_tests /dev/null "${files[@]}"
}

browser_tests() {
  local failed=$1
  shift
  node --test --test-concurrency=1 --test-reporter=tap --test-reporter-destination=stdout \
    --test-reporter=./server/e2e/lib/failed.mjs --test-reporter-destination="$failed" "$@"
}

bench() {
  build
  need_browser
  node server/e2e/bench.mjs "$@"
  [ "${1:-}" = -size ] && return
  need_postgres
  step 'receipts in SQLite, for two minutes'
  go run ./server/load -duration 60s
  step 'receipts in PostgreSQL, for two minutes'
  go run ./server/load -duration 60s -postgres
}

case "${1:-}" in
  build) build ;;
  serve) shift; build; exec bin/temoin serve -max-age 0 "$@" ;;
  test) test_all ;;
  bench) shift; bench "$@" ;;
  export) shift; build; bin/temoin export "$@" ;;
  *) usage; [ $# -eq 0 ] || exit 1 ;;
esac
