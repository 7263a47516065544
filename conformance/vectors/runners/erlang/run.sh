#!/bin/sh
# run.sh TESTDATA: plays the wire vectors on what {packet, _} of gen_tcp does.
# OTP 25 reads no JSON: jq makes each vector a line with tabs.
here=$(dirname "$0")
for kind in decode encode; do
	for file in "$1/$kind"/*.json; do
		jq -r --arg kind "$kind" '.[] | [$kind, .name, .spec, .max_payload // "", .accept_unterminated // "", .wire // "", .payload // ""] | @tsv' "$file"
	done
done | escript "$here/vectors.escript"
