# Sourced by the other scripts: paths, messages, and installing what is missing.
# shellcheck shell=bash
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
venv=$root/.venv
# The wheel brings its model, and cargo names the one that scripts/model packs.
unset MOSS_MODEL_DIR

say() { printf '\n== %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# need_command COMMAND PACKAGE: the command, from Debian's package where it is missing and apt is there.
need_command() {
    command -v "$1" >/dev/null && return
    command -v apt-get >/dev/null || die "$1 is missing: install it (Debian package $2)"
    say "installing $2 (Debian) for $1"
    local sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    $sudo apt-get update -qq
    $sudo apt-get install -y -qq --no-install-recommends "$2"
}

need_rust() {
    command -v cargo >/dev/null || die "cargo is missing: install Rust 1.91 or later, https://rustup.rs"
    need_command cc gcc
    need_command c++ g++
}

# A virtual environment with the Moss wheel of this tree in it, made by pip as a user would.
need_python() {
    need_command python3 python3
    if [ ! -x "$venv/bin/python" ]; then
        say "making the virtual environment .venv"
        python3 -m venv "$venv" || { need_command python3-venv python3-venv; python3 -m venv "$venv"; }
    fi
}
