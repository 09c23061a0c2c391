#!/usr/bin/env bash
# Installs what `make` needs, and skips what is there. Works as root and as an ordinary user; says what it cannot install, and how to.
#   setup.sh python    the virtual environment with the tested versions
#   setup.sh sandbox   bubblewrap, which keeps learners' code in
#   setup.sh database  PostgreSQL, for the tests on a real server
#   setup.sh browser   Chromium, for the tests of the pages
#   setup.sh node      Node.js and the npm verifiers that the tests run
#   setup.sh all       all of these, the libraries beside the rest
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHON="${PYTHON:-python3}"
VENV=.venv
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() { printf '%s\n' "$*" >&2; }
stop() { say "make: $*"; exit 1; }

# apt_install PACKAGE...: install Debian packages if we may; return 1 if we may not.
apt_install() {
    command -v apt-get >/dev/null || return 1
    local become=()
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || return 1
        become=(sudo -n)
    fi
    say "Installing $* ..."
    "${become[@]}" apt-get update -qq >&2 || say "(apt-get update failed; trying with what is known)"
    DEBIAN_FRONTEND=noninteractive "${become[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

setup_python() {
    make_environment
    install_libraries
}

make_environment() {
    if ! command -v "$PYTHON" >/dev/null; then
        [ "$PYTHON" = python3 ] && apt_install python3 python3-venv ||
            stop "there is no $PYTHON. Install Python 3.11 or newer (Debian 12: apt-get install python3 python3-venv)."
    fi
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        stop "$("$PYTHON" --version) is too old; 3.11 or newer is needed. Name another one: make PYTHON=python3.11 ..."
    if [ ! -x "$VENV/bin/python" ]; then
        say "Making the virtual environment $VENV ..."
        if ! "$PYTHON" -m venv "$VENV" >/dev/null 2>&1; then
            rm -rf "$VENV"
            apt_install python3-venv || stop "Python cannot make virtual environments. Install its venv module (Debian 12: apt-get install python3-venv)."
            "$PYTHON" -m venv "$VENV"
        fi
    fi
}

install_libraries() {
    local wanted stamp
    wanted="$(cat requirements.lock pyproject.toml | sha256sum) $("$PYTHON" --version) $PWD"
    stamp="$VENV/.installed"
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && return
    say "Installing the tested versions of the libraries (about a minute) ..."
    "$VENV/bin/python" -m pip install --quiet --no-deps --require-hashes -r requirements.lock
    "$VENV/bin/python" -m pip install --quiet --no-deps --editable .
    mkdir -p work exchange
    chmod 777 exchange
    for course in source_notebooks/*/course.toml; do mkdir -p "work/$(basename "$(dirname "$course")")"; done
    printf '%s' "$wanted" >"$stamp"
}

setup_sandbox() {
    command -v bwrap >/dev/null && return
    apt_install bubblewrap || say "There is no sandbox: learners' code will run with your rights. Get one with: apt-get install bubblewrap"
}

setup_database() {
    compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || command -v initdb >/dev/null && return
    apt_install postgresql || say "The tests on a PostgreSQL server are skipped. Get it with: apt-get install postgresql"
}

setup_browser() {
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null && return
    apt_install chromium || stop "the tests of the pages need a browser. Install it: apt-get install chromium"
}

setup_node() {
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        apt_install nodejs npm || stop "the tests run other people's verifiers with Node.js 18 or newer. Install it: apt-get install nodejs npm"
    fi
    local stamp=tests/node/node_modules/.installed wanted
    wanted="$(sha256sum <tests/node/package-lock.json)"
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && return
    say "Installing the npm verifiers ..."
    npm --prefix tests/node ci --silent --no-audit --no-fund
    printf '%s' "$wanted" >"$stamp"
}

# Only one at a time asks apt: whatever does comes one after another, while pip works beside it.
setup_all() {
    make_environment
    install_libraries &
    local libraries=$!
    trap 'kill "$libraries" 2>/dev/null || true' EXIT
    setup_sandbox
    setup_database
    setup_browser
    setup_node
    wait "$libraries"
    trap - EXIT
}

case "${1:-}" in
    all) setup_all ;;
    python) setup_python ;;
    sandbox) setup_sandbox ;;
    node) setup_node ;;
    database) setup_database ;;
    browser) setup_browser ;;
    *) stop "usage: scripts/setup.sh all|python|sandbox|node|database|browser" ;;
esac
