#!/bin/sh
# Install what is missing: `deps.sh build|helpers|test|lint...`. Looks for the things
# themselves (a header, a program), so that it is quick, works without a
# package manager when all is there, and takes what is not from a package too.
# Where there is apt it runs it (with sudo unless root); elsewhere it names the
# packages and fails.
set -u

header() {
	printf '#include <%s>\n' "$1" | ${CC:-cc} -E -x c - >/dev/null 2>&1
}

have() {
	case $1 in
	*.h) header "$1" ;;
	cc) command -v "${CC:-cc}" >/dev/null ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

# What is looked for, and its package for apt, dnf, apk and brew (-: none).
table() {
	case $1 in
	build) cat <<-'EOF' ;;
		cc            build-essential  gcc                  build-base         gcc
		make          make             make                 make               make
		jansson.h     libjansson-dev   jansson-devel        jansson-dev        jansson
		uuid/uuid.h   uuid-dev         libuuid-devel        util-linux-dev     util-linux
		pkg-config    pkg-config       pkgconf-pkg-config   pkgconf            pkgconf
	EOF
	helpers) cat <<-'EOF' ;;
		sqlite3.h     libsqlite3-dev   sqlite-devel         sqlite-dev         sqlite
		archive.h     libarchive-dev   libarchive-devel     libarchive-dev     libarchive
		curses.h      libncurses-dev   ncurses-devel        ncurses-dev        ncurses
	EOF
	test) cat <<-'EOF' ;;
		bash          bash             bash                 bash               bash
		bats          bats             bats                 bats               bats-core
		jq            jq               jq                   jq                 jq
		strace        strace           strace               strace             -
		busybox       busybox          busybox              busybox            -
		faketime      faketime         libfaketime          libfaketime        libfaketime
		mandoc        mandoc           mandoc               mandoc             mandoc
		script        bsdutils         util-linux           util-linux-misc    -
		ps            procps           procps-ng            procps             -
		python3       python3          python3              python3            python3
		tmux          tmux             tmux                 tmux               tmux
		lnav          lnav             lnav                 lnav               lnav
	EOF
	lint) cat <<-'EOF' ;;
		shellcheck    shellcheck       ShellCheck           shellcheck         shellcheck
		mandoc        mandoc           mandoc               mandoc             mandoc
		clang-format  clang-format     clang-tools-extra    clang-extra-tools  clang-format
	EOF
	*)
		echo "deps.sh: no such set of packages: \"$1\" (build, helpers, test, lint)" >&2
		exit 2
		;;
	esac
}

apt='' dnf='' apk='' brew='' missing=''
rows=$(for set in "$@"; do table "$set" || exit; done) || exit
while read -r thing a d k b; do
	have "$thing" && continue
	missing="$missing $thing"
	apt="$apt $a" dnf="$dnf $d" apk="$apk $k"
	[ "$b" = - ] || brew="$brew $b"
done <<EOF
$rows
EOF
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
	cat >&2 <<-EOF
		missing:$missing
		  dnf install$dnf
		  apk add$apk
		  brew install$brew
		For a static rtbox also the static libraries where they are packages of their own
		(dnf: glibc-static; apk: jansson-static util-linux-static).
		deps.sh: install the packages above with your package manager, then run make again
	EOF
	exit 1
fi

as_root=''
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "deps.sh: missing:$missing; as root run: apt-get install$apt" >&2
		exit 1
	fi
	as_root=sudo
fi

run() {
	echo "+ $*" >&2
	"$@"
}

get() {
	# shellcheck disable=SC2086 # $as_root may be nothing
	run $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 \
		-o DPkg::Lock::Timeout=300 "$@" >&2
}

# A list that cannot be fetched (some other repository's) need not matter.
echo "missing:$missing" >&2
get update || echo "deps.sh: apt-get update failed" >&2
# shellcheck disable=SC2086 # the names are words
get install --no-install-recommends $apt || {
	echo "deps.sh: apt-get could not install:$apt" >&2
	exit 1
}

for thing in $missing; do
	have "$thing" || {
		echo "deps.sh: \"$thing\" is still missing after apt-get install$apt" >&2
		exit 1
	}
done
