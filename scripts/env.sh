# Sourced by the other scripts: paths, messages, and installing what is missing.
# shellcheck shell=bash
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
venv=$root/.venv
# Where the programs of a virtual environment are.
venv_bin=$venv/bin
[ "${OS:-}" != Windows_NT ] || venv_bin=$venv/Scripts
version=$(sed -n '/^\[workspace.package\]/,/^version/s/^version = "\(.*\)"/\1/p' Cargo.toml)
# The wheel brings its model, and cargo names the one that scripts/model packs.
unset MOSS_MODEL_DIR

say() { printf '\n== %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# need_command COMMAND PACKAGES: the command, from Debian's packages where it is missing and apt is there.
need_command() {
    command -v "$1" >/dev/null && return
    command -v apt-get >/dev/null || die "$1 is missing: install it (Debian package $2)"
    install_packages "$2"
}

# install_packages PACKAGES: from Debian.
install_packages() {
    say "installing $1 (Debian)"
    as_root apt-get update -qq
    # shellcheck disable=SC2086 # several packages
    as_root apt-get install -y -qq --no-install-recommends $1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

need_rust() {
    command -v cargo >/dev/null || die "cargo is missing: install Rust 1.91 or later, https://rustup.rs"
    # cargo finds Microsoft's compiler by itself.
    [ "${OS:-}" = Windows_NT ] && return
    need_command cc gcc
    need_command c++ g++
}

# build_all: the libraries, programs, tests and examples of all crates, for all suites. What is built for one package later, by
# maturin or mix, takes the dependencies as they are here, with the features that the whole workspace asks for, in place of
# building them once more with fewer: cargo can do that, but only where it may try what is not stable yet. The usual way to let
# it, RUSTC_BOOTSTRAP, would change what the compiler makes; where cargo no longer knows this one, all is built as always.
build_all() {
    export __CARGO_TEST_CHANNEL_OVERRIDE_DO_NOT_USE_THIS=nightly
    export CARGO_UNSTABLE_FEATURE_UNIFICATION=true CARGO_RESOLVER_FEATURE_UNIFICATION=workspace
    # Lints come with the build, and a warning ends it: clippy by itself would look at all dependencies once more.
    export RUSTC_WORKSPACE_WRAPPER=clippy-driver CLIPPY_ARGS=-Dwarnings
    # usearch brings the arithmetic of eleven kinds of CPU, which takes a tenth of all time to compile. Tests need that of the oldest,
    # and C compiled in half the time.
    export CFLAGS=-O1 CXXFLAGS=-O1
    local kind
    for kind in SKYLAKE ICELAKE GENOA SAPPHIRE SAPPHIREAMX GRANITEAMX DIAMOND TURIN ALDER SIERRA; do
        export "NK_TARGET_$kind=0"
    done
    cargo build --quiet --workspace --lib --bins --tests --examples
}

# A virtual environment with the Moss wheel of this tree in it, made by pip as a user would.
need_python() {
    need_command python3 python3
    if [ ! -d "$venv_bin" ]; then
        say "making the virtual environment .venv"
        python3 -m venv "$venv" || { need_command python3-venv python3-venv; python3 -m venv "$venv"; }
    fi
}

# isolated COMMAND ARGS...: the command as the caller, without any network.
isolated() {
    if [ "$(uname)" = Darwin ]; then
        sandbox-exec -p '(version 1)(allow default)(deny network*)' "$@"
        return
    fi
    need_command unshare util-linux
    local user=(setpriv --reuid "$(id -u)" --regid "$(id -g)" --clear-groups)
    if [ "$(id -u)" = 0 ]; then
        unshare --net -- "$@"
    elif unshare --net --map-root-user -- true 2>/dev/null; then
        unshare --net --map-root-user -- "$@"
    elif sudo -n unshare --net -- true 2>/dev/null; then
        # Where the system gives namespaces to root alone.
        sudo -n unshare --net -- "${user[@]}" "$@"
    else
        die "no way to take the network away: run as root, or allow user namespaces"
    fi
}

# Elixir and Erlang from Debian: the runtime with all its applications, and its headers.
need_elixir() {
    export LANG=C.UTF-8
    need_command elixir "elixir erlang-nox erlang-dev"
    # Tests read JSON, which Erlang can by itself from OTP 27 on.
    erl -noshell -eval 'halt(case code:which(json) =/= non_existing orelse code:which(jiffy) =/= non_existing of true -> 0; false -> 1 end)' ||
        install_packages erlang-jiffy
}

swift_packages=(swiftlang libc6-dev libstdc++-14-dev git)

# with_swift PROFILE COMMAND ARGS...: the command beside Debian 13's Swift, where SwiftPM finds the native library of that cargo
# profile as a package of the repository would.
with_swift() {
    local built work
    built=$(realpath -m "${CARGO_TARGET_DIR:-target}")/$1
    work=$root/target/swift/$1
    shift
    mkdir -p "$work"
    cat >"$work/moss-swift.pc" <<PC
Name: moss-swift
Description: The native library below the Swift package of Moss
Version: $version
Libs: -L$built -lmoss_swift
PC
    scripts/trixie "${swift_packages[@]}" -- \
        env PKG_CONFIG_PATH="$work" LD_LIBRARY_PATH="$built" MOSS_MODEL_DIR="$root/target/model" "$@"
}
