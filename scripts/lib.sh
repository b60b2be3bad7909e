# shellcheck shell=bash disable=SC2034 # packages are for the scripts that source this
# Shared by the scripts: packages, builds, one line a step. Sourced, not run.

BUILD_PACKAGES="gcc g++ cmake ninja-build pkg-config libck-dev libnuma-dev libzstd-dev zlib1g-dev
  libutf8proc-dev libpcre2-dev libsentencepiece-dev systemtap-sdt-dev"
TEST_PACKAGES="libcriterion-dev libjansson-dev clang libclang-rt-14-dev sentencepiece zstd python3 python3-numpy libopenmpi-dev openmpi-bin
  binutils file valgrind musl-tools groff-base doxygen"
PACKAGING_PACKAGES="dpkg-dev file gzip systemtap-sdt-dev python3 doxygen"
FUZZ_PACKAGES="clang libclang-rt-14-dev libjansson-dev"
FULL_TEST_PACKAGES="abigail-tools mypy python3-torch python3-pip python3-setuptools python3-wheel"
SOAK_PACKAGES="gnuplot-nox"
COVERAGE_PACKAGES="gcovr"
MATRIX_PACKAGES="lld"
FOREIGN_PACKAGES="libc6-dev libstdc++-12-dev libck-dev libnuma-dev libzstd-dev zlib1g-dev libutf8proc-dev libpcre2-dev
  libsentencepiece-dev systemtap-sdt-dev libcriterion-dev libjansson-dev"
LINT_PACKAGES="git clang-format clang-tidy cppcheck shellcheck"
PEER_PACKAGES="liburcu-dev libdpdk-dev libconcurrentqueue-dev libatomic-queue-dev libreaderwriterqueue-dev libtbb-dev libboost-dev
  libglib2.0-dev gnuplot-nox python3-numpy python3-torch"

say() { printf '\n== %s\n' "$*"; }

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# need_packages NAME...: installs the Debian packages that are missing, without asking.
need_packages() {
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  command -v apt-get >/dev/null || die "install these Debian packages or what they hold: ${missing[*]}"
  [ "$(id -u)" = 0 ] || command -v sudo >/dev/null || die "run as root or install sudo; missing: ${missing[*]}"
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  as_root apt-get update -qq
  as_root apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    die "apt-get could not install: ${missing[*]}"
}

# build_preset PRESET [CMAKE-OPTION...]: configures build/PRESET and builds it, or of it the target $TARGET.
build_preset() {
  local preset=$1
  shift
  say "building preset $preset"
  cmake --preset "$preset" "$@" >"$LOGS/$preset.configure.log" 2>&1 ||
    { cat "$LOGS/$preset.configure.log" >&2; die "configuring $preset failed"; }
  cmake --build --preset "$preset" --target "${TARGET:-all}" >"$LOGS/$preset.build.log" 2>&1 ||
    { cat "$LOGS/$preset.build.log" >&2; die "building $preset failed"; }
}

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
LOGS=${HEADRACE_LOGS:-build/logs} # another folder for the test of scripts/matrix
mkdir -p "$LOGS"
