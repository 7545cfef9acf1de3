#!/bin/sh
# A pipeline to record: build from clean, unit tests, install and a smoke test,
# all in a scratch folder. `rt-run -- sh scripts/pipeline.sh` records it; on its
# own it does the same work, and rt-emit has nothing to say.
set -eu

cd "$(dirname "$0")/.."
# A make around this one would pass on its options and its jobs.
unset MAKEFLAGS MAKELEVEL MFLAGS
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
build=$scratch/build prefix=$scratch/prefix

rt-emit --percent 0 "Building from clean"
rt-run step build -- make -j"$(nproc)" BUILD="$build" all unit

rt-emit --percent 40 "Running the unit tests"
rt-run step unit-tests -- make -s BUILD="$build" check-unit

rt-emit --percent 70 "Installing into a scratch prefix"
rt-run step install -- make -s BUILD="$build" PREFIX="$prefix" install

rt-emit --percent 90 "Trying what was installed"
rt-run step smoke -- sh scripts/smoke.sh "$prefix/bin" "$scratch/runs"

rt-emit --percent 100 "Everything works"
