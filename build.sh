#!/usr/bin/env bash
# Builds, serves and tests Témoin. Without a word it explains itself.
set -euo pipefail
cd "$(dirname "$0")"

usage() {
  cat <<'TEXT'
./build.sh build            the program, bin/temoin, with all that it serves in it
./build.sh serve [FLAGS]    build, and serve the demo portal on http://127.0.0.1:8080
./build.sh test [FILE…]     install what the tests need, and run them, or files of server/e2e; -whole: each in every engine
./build.sh bench            sizes, times in Chromium, receipts a second, the server beside nginx and a crowd; or -size, or -server
./build.sh shots DIR [WORD…] build, and take pictures into DIR of every scene in every look, or as words say: dialog dark 320
./build.sh export DIR       build, and write the files for a static host into DIR
./build.sh release DIR      build, and make archives, packages, an image and the rest of a release in DIR
./build.sh failover-test    kill PostgreSQL's primary under Patroni beneath two servers: some minutes
./build.sh audit-test       have temoin audit find eighty planted faults, and nothing else, in Chromium and Firefox: some minutes
./build.sh release-test     make a release twice, and use each part of it as who gets it does: half an hour and more

Building needs Go alone. The tests need Debian's apt-get as well, and use Node.
TEXT
}

# The second: how many times longer than on a quiet machine the tests wait for what has to come.
export TEMOIN_ENGINES=${TEMOIN_ENGINES:-chromium firefox webkit} TEMOIN_PATIENCE=${TEMOIN_PATIENCE:-3}

# Runs a command of go on the program in the browser: with a trimmed go-app
# (server/tools/trim), or with TEMOIN_STOCK=1 with go-app as it is.
browser() {
  local command=$1 flags=(-tags light); shift
  [ -n "${TEMOIN_STOCK:-}" ] || { go run ./server/tools/trim && flags+=(-modfile=.cache/go.mod); }
  GOOS=js GOARCH=wasm go "$command" "${flags[@]}" "$@" .
}

# Nothing is inlined (-l): that makes 683 kB of 729, brotli 11, and the start no
# slower, since browsers compile a function when it is first called.
program() { browser build -trimpath -buildvcs=false -gcflags=all=-l "$@"; }

build() {
  program -ldflags='-s -w' -o web/dist/app.wasm
  go run ./server/tools/build
  go build -trimpath -ldflags='-s -w' -o bin/temoin .
}

# Debian packages that are not there yet, in one go.
need() {
  local package missing=(); for package; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  printf '== install %s\n' "${missing[*]}"; apt-get update -qq
  # The tests start clusters of their own: Debian's, beside them, is not wanted.
  install -D -m 644 /dev/stdin /etc/postgresql-common/createcluster.d/temoin.conf <<<'create_main_cluster = false'
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

need_node() { command -v node >/dev/null && command -v npm >/dev/null || need nodejs npm; } # before build: the audit's rules are from npm

need_browsers() {
  need_node
  local packages=(chromium chromium-headless-shell fonts-dejavu-core sqlite3)
  case $TEMOIN_ENGINES in *firefox*) packages+=(firefox-esr) ;; esac
  case $TEMOIN_ENGINES in *webkit*) packages+=(webkit2gtk-driver xvfb) ;; esac
  need "${packages[@]}" "$@"
  # What is there already, by the same list, stays.
  (cd server/e2e && { cmp -s package-lock.json node_modules/installed || { npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && cp package-lock.json node_modules/installed; }; })
}

run_tests() {
  # Databases, proxies, and the languages that the documentation shows.
  need_browsers postgresql pgbouncer nginx-light apache2-bin caddy haproxy man-db systemd python3-django wordpress wordpress-theme-twentytwentythree mariadb-server-core php-mysql php-cli python3
  go build -o .cache/test ./server/tools/test && exec .cache/test "$@"
}

bench() {
  case " $* " in
    *' -size '* | *' --size '*) need_node; node server/e2e/bench.mjs "$@"; weigh; return ;;
    *' -server '*) ;;
    *) need_browsers postgresql; node server/e2e/bench.mjs "$@"; weigh
      for flag in -postgres=false -postgres; do go run ./server/tools/load -duration 60s $flag; done ;;
  esac
  need nginx-light apache2-utils
  for flag in -edge=false -edge; do go run ./server/tools/nginx $flag; done
  go run ./server/tools/load -crowd 10000 -duration 10s
}
weigh() { program -ldflags=-w -o .cache/named.wasm; browser list -deps | go run ./server/tools/weigh .cache/named.wasm; }

case "${1:-}" in
  build) build ;;
  serve) shift; build; exec bin/temoin demo -max-age 0 "$@" ;;
  test) shift; need_node; build; run_tests "$@" ;;
  bench) shift; build; bench "$@" ;;
  shots) shift; build; need_browsers; node server/tools/pictures/pictures.mjs "$@" ;;
  release) shift; build; go -C server/tools/release build -o "$PWD/.cache/release" . && exec .cache/release "$@" ;;
  failover-test) build; need postgresql patroni etcd-server; TEMOIN_FAILOVER=whole go test -count=1 -v -timeout=30m -run TestFailover ./server ;;
  audit-test) need_node; build; need_browsers; TEMOIN_AUDIT=whole go test -count=1 -v -p=1 -timeout=2h -run='^Test(Audit_|Run_Firefox)' ./server/audit ./server/audit/plants ;;
  release-test) need_node; build; need_browsers fish lintian man-db mmdebstrap rpm skopeo umoci zsh; TEMOIN_RELEASE=new go -C server/tools/release test -count=1 -v -timeout=3h . ;;
  export) shift; build; bin/temoin export "$@" ;;
  *) usage; [ $# -eq 0 ] || exit 1 ;;
esac
