#!/bin/bash
# Run by scripts/check-packages as root of a bare Debian, in a folder that holds packages (debs), one that is broken
# (broken) and programs (install, compat, consumer.cpp, consumer.py): installs, builds and runs as a user would, and removes it all.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
minor=$1

step() { printf '   %3d s  %s\n' "$SECONDS" "$*"; }
fail() { echo "check-packages: $*" >&2; exit 1; }
quietly() { "$@" >log 2>&1 || { cat log >&2; fail "this failed: $*"; }; }
must_fail() { ! "$@" >log 2>&1 || fail "this must fail, and did not: $*"; }
get() { quietly apt-get install -y -qq --no-install-recommends -o APT::Sandbox::User=root "$@"; }

# build WAY COMPILER OPTION...: by pkg-config; and runs it.
build() {
  "${@:2}" -Wall -Wextra -Werror -o "$1" $(pkg-config --cflags --libs "${module:-headrace}") && "./$1" >"$1.out"
}
needs() { readelf -d "$1" | grep -q 'NEEDED.*\[libheadrace.so.'"$minor"'\]'; }
by_cmake() { # LANGUAGE
  quietly cmake -S install -B "cmake.$1" -DLANGUAGES="$1" -DWANTED="$minor" -DEXAMPLE="$PWD/install/consumer.c"
  quietly cmake --build "cmake.$1"
  quietly "cmake.$1/consumer"
  quietly "cmake.$1/archive"
  needs "cmake.$1/consumer" || fail "find_package(headrace) did not link libheadrace.so"
  ! needs "cmake.$1/archive" || fail "headrace::static linked libheadrace.so"
}
left() { find / -xdev -path "$PWD" -prune -o -path /var/cache -prune -o -iname '*headrace*' -print; }

[ -z "$(left)" ] || fail "there is a headrace before it is installed: $(left)"
get gcc libc6-dev pkg-config binutils
step "a compiler and pkg-config"

# What a wrong package would look like.
dpkg --unpack broken/*.deb >log 2>&1
must_fail build control gcc -std=c11 install/consumer.c
dpkg --purge libheadrace-dev >log 2>&1
step "a package without its dependencies is noticed"

get ./debs/*.deb
[ "$(dpkg-query -W -f '${db:Status-Status}\n' headrace libheadrace0 libheadrace-dev python3-headrace | sort -u)" = installed ]
step "apt-get install: $(dpkg-query -W -f '${Package} ${Version}, ' headrace libheadrace0 python3-headrace)libheadrace-dev"
grep -q "^libheadrace $minor libheadrace0 (>= $minor), " /var/lib/dpkg/info/libheadrace0*.shlibs ||
  fail "libheadrace0's shlibs do not ask for $minor"

quietly build c gcc -std=c11 install/consumer.c
needs c || fail "the program does not need libheadrace.so.$minor"
module=headrace-static quietly build c.static gcc -std=c11 install/consumer.c
! needs c.static || fail "the static program needs libheadrace.so"
quietly build trainer gcc -std=c11 -Icompat compat/trainer.c -pthread
step "C by pkg-config, shared and static; a trainer with the original's header"

headrace --version | grep -q "^headrace $minor\." || fail "headrace --version: $(headrace --version)"
headrace --version >version
for part in numa zstd zlib utf8proc pcre2 sentencepiece; do
  ! grep -q "^no $part" version || fail "the packages are without $part"
done
quietly headrace info /usr/share/common-licenses/GPL-3
quietly headrace feed /usr/share/common-licenses/GPL-3
[ -s /usr/share/bash-completion/completions/headrace ] || fail "no completion for bash"
bash -c '. /usr/share/bash-completion/completions/headrace && complete -p headrace' >log
step "the command, and its completion"

get man-db
for page in headrace headrace-feed headrace-tokenize "7 headrace" batch_queue batch_pool batch_loader batch_queue_enqueue; do
  MANWIDTH=80 man -P cat $page >page 2>log || { cat log >&2; fail "man $page"; }
  grep -q '^NAME' page && ! [ -s log ] || fail "man $page is no page, or there are warnings: $(cat log)"
done
quietly mandb -q
man -k batch_queue | grep -q '^batch_queue ' || fail "apropos does not know batch_queue"
step "the manual: headrace, $(find /usr/share/man -name 'headrace*' -o -name '[bB]atch*' -o -name '[tT]ensor*' | wc -l) pages"

[ -e /usr/lib/python3/dist-packages/headrace/__pycache__ ] || fail "the modules are not compiled"
python3 -W error consumer.py >version || fail "a program in Python trains"
grep -q "^$minor\." version || fail "headrace of Python is $(cat version)"
[ "$(dpkg-deb -f debs/python3-headrace_*.deb Architecture)" = all ] || fail "python3-headrace is for one processor"
step "Python: a loader, batches as arrays"

get g++ cmake make
quietly build cpp g++ -std=c++17 consumer.cpp
by_cmake C
by_cmake CXX
step "C++17 by pkg-config; C and C++ by CMake, shared and static"

quietly apt-get purge -y -qq headrace libheadrace0 libheadrace-dev python3-headrace
quietly mandb -q
must_fail build control gcc -std=c11 install/consumer.c
must_fail python3 consumer.py
touch /usr/lib/libheadrace.control
[ "$(left)" = /usr/lib/libheadrace.control ] || fail "this stays of purged packages: $(left)"
! ldconfig -p | grep -q headrace || fail "ldconfig still knows the library"
step "purged: nothing stays"
