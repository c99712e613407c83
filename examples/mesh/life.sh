#!/bin/sh
# The whole life of a pipeline: once by `conduix`, once by plain gRPC calls. It wants a server and an agent:
#
#   conduix up                          in one terminal
#   examples/mesh/life.sh               in another one
#
# CONDUIX_SERVER (localhost:50051) is where gRPC goes; `conduix` goes where it is signed in. GRPCURL is the program.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
server=${CONDUIX_SERVER:-localhost:50051}
grpcurl=${GRPCURL:-grpcurl}

title() { printf '\n== %s\n' "$*"; }
step() { printf '\n$ %s\n' "$*"; "$@"; }
for_a_while() { printf '\n$ %s\n' "$*"; timeout 3 "$@" || [ $? -eq 124 ]; }

title "By conduix"
step conduix whoami
step conduix apply -f "$here/orders.yaml"
step conduix start live-orders
for_a_while conduix get pipelines --watch
step conduix tap live-orders priced --limit 3
step conduix pause live-orders
step conduix resume live-orders
step conduix checkpoint live-orders
step conduix scale live-orders 2
step conduix describe pipeline live-orders
step conduix logs live-orders --lines 5
step conduix stop live-orders
step conduix runs list live-orders
step conduix delete pipeline live-orders --yes

title "By gRPC"
token=$(conduix tokens create life --expires 1h)

# call SERVICE/METHOD JSON [FLAGS…]
call() {
  method=$1 request=$2
  shift 2
  printf '\n$ grpcurl … %s %s\n' "$method" "$(printf %s "$request" | cut -c1-100)" >&2
  "$grpcurl" -plaintext -H "authorization: Bearer $token" "$@" -d "$request" "$server" "conduix.v1.$method"
}

# operate METHOD JSON: asks for something that takes a while, and waits until it is reported to be so
operate() {
  id=$(call "PipelineService/$1" "$2" | sed -n 's/^ *"id": "\(.*\)",*$/\1/p' | head -n 1)
  call OperationService/WatchOperation "{\"id\": \"$id\"}" | tee /dev/stderr | grep -q OPERATION_STATE_SUCCEEDED
}

pipeline='"pipeline": {"name": "live-orders"}'
document=$(python3 -c 'import json, sys; print(json.dumps(sys.stdin.read()))' < "$here/orders.yaml")

"$grpcurl" -plaintext "$server" list
call SystemService/GetInfo '{}'
call PipelineService/ApplyPipelines "{\"documents\": [{\"file\": \"orders.yaml\", \"document\": $document}]}"
operate StartPipeline "{$pipeline}"
# a watch goes on until its caller has seen enough: that deadline is not a failure
call PipelineService/WatchPipelines '{}' -max-time 3 2> /dev/null | grep -m 1 CHANGE_KIND_SYNCED
call PipelineService/TapPipeline "{$pipeline, \"node\": \"priced\", \"limit\": 3}"
operate PausePipeline "{$pipeline}"
operate ResumePipeline "{$pipeline}"
operate TriggerCheckpoint "{$pipeline}"
operate ScalePipeline "{$pipeline, \"replicas\": 2}"
call PipelineService/GetPipelineStatus "{$pipeline}"
operate StopPipeline "{$pipeline}"
call RunService/ListRuns '{"paging": {"order_by": "started_at desc", "page_size": 1}}'
call PipelineService/DeletePipeline "{$pipeline}"
conduix tokens revoke life

title "Done: out/ has what both pipelines wrote"
