# Sourced by the scripts beside it: runs their steps, each under a heading and
# followed by its seconds, from the root of the repository.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export GOWORK=off # go work is a local matter

current=''
trap '[[ $? -eq 0 || -z $current ]] || echo "== FAILED: $current"' EXIT

# step NAME COMMAND...
step() {
	current=$1
	local start=$SECONDS
	echo "== $current"
	"${@:2}"
	echo "-- $((SECONDS - start)) s"
}
