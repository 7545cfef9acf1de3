#!/bin/sh
# Pack the installed programs: `tarball.sh BUILD NAME` makes BUILD/NAME.tar.gz
# and its sha256. The programs must be static, or they would not run where the
# archive is unpacked; helper programs are not, so they stay out. The same commit
# and compiler give the same bytes.
set -eu

build=$1 name=$2
if readelf -lW "$build/bin/rtbox" | grep -q INTERP; then
	echo "tarball: rtbox is linked dynamically: the static libraries (libjansson.a, libuuid.a, libc.a) are missing, or STATIC=0" >&2
	exit 1
fi
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT INT TERM

${MAKE:-make} -s --no-print-directory install-programs BUILD="$build" HELPERS= PREFIX= DESTDIR="$stage/$name" >/dev/null
strip "$stage/$name/bin/rtbox"
tar -C "$stage" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$epoch" \
	--mode=u=rwX,go=rX --format=gnu -cf - "$name" | gzip -9n >"$build/$name.tar.gz"
(cd "$build" && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
echo "$build/$name.tar.gz"
