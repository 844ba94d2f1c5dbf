#!/usr/bin/env bash
# object_store 0.14.2 (crates.io), Rust: listing a prefix fails at the first key that has an empty part, such as
# `logs/2026//b.gz`, which S3 and every writer to it allow: its own keys are paths without empty parts. One would expect
# the other objects, and an error that concerns the odd one alone: a reader of a bucket that others write to gets nothing
# of the prefix.
set -euo pipefail
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q install 'moto[s3,server]==5.2.5' boto3
"$dir/venv/bin/python" - "$dir/port" <<'PYTHON' &
import os
import sys
import time

from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(port=0)
server.start()
host, port = server.get_host_and_port()
open(sys.argv[1] + ".new", "w").write(str(port))
os.rename(sys.argv[1] + ".new", sys.argv[1])
while True:
    time.sleep(60)
PYTHON
server=$!
until [ -s "$dir/port" ]; do sleep 0.2; kill -0 "$server"; done
endpoint=http://127.0.0.1:$(cat "$dir/port")
"$dir/venv/bin/python" - "$endpoint" <<'PYTHON'
import sys

import boto3

s3 = boto3.client(
    "s3", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
)
s3.create_bucket(Bucket="exports")
for key in ("logs/2026//b.gz", "logs/2027/c.gz"):
    s3.put_object(Bucket="exports", Key=key, Body=b"1")
PYTHON
mkdir -p "$dir/list/src"
cat >"$dir/list/Cargo.toml" <<'TOML'
[package]
name = "list"
version = "0.1.0"
edition = "2024"

[dependencies]
futures = "=0.3.31"
object_store = { version = "=0.14.2", default-features = false, features = ["aws"] }
tokio = { version = "1", features = ["rt", "macros"] }
TOML
cat >"$dir/list/src/main.rs" <<'RUST'
use futures::StreamExt;
use object_store::ObjectStore;
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let store = AmazonS3Builder::new()
        .with_endpoint(std::env::args().nth(1).expect("an endpoint"))
        .with_allow_http(true)
        .with_bucket_name("exports")
        .with_region("us-east-1")
        .with_access_key_id("x")
        .with_secret_access_key("x")
        .build()
        .expect("a store");
    let found: Vec<_> = store.list(Some(&Path::from("logs"))).collect().await;
    for object in found {
        match object {
            Ok(object) => println!("object {}", object.location),
            Err(error) => println!("error {}", error.to_string().contains("empty path segment")),
        }
    }
}
RUST
seen=$(cd "$dir/list" && cargo run -q -- "$endpoint")
[ "$seen" = 'error true' ] || { printf 'it behaves differently now:\n%s\n' "$seen"; exit 1; }
echo 'as found: an error for the whole list, and no object'
