#!/usr/bin/env bash
# glibc 2.36 (Debian libc6 2.36-9+deb12u14) on x86-64 with AVX-512, and Rust (1.95): comparing two empty Strings takes
# fifty times as long as comparing two that are alike and hold two bytes (141 ns and 2.5 ns were seen). An empty String has
# no memory and points at address 1; `==` hands that to memcmp with a length of 0, and its AVX-512 variant loads from
# there with a mask that lets nothing through. Such a load from a page that does not exist seems to be what is slow:
# without AVX-512 the same memcmp takes as long for both. Nothing faults, and counts of instructions show nothing; a
# profile by time shows memcmp. In a reader of access logs that compared the unknown names of log groups for each line it
# was a quarter of the run. One would guess that comparing nothing is the cheapest comparison there is.
set -euo pipefail
grep -qw avx512vl /proc/cpuinfo && grep -qw avx512bw /proc/cpuinfo || { echo 'this processor has no AVX-512'; exit 1; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -q libc6=2.36-9+deb12u14 libgcc-s1=12.2.0-14+deb12u1 >/dev/null 2>&1 || {
  echo 'libc6 2.36-9+deb12u14 and libgcc-s1 12.2.0-14+deb12u1 cannot be downloaded here'
  exit 1
}
for package in *.deb; do dpkg -x "$package" root; done
cat >compare.rs <<'RUST'
use std::hint::black_box;
use std::time::Instant;

fn nanoseconds(one: &String, other: &String) -> f64 {
    let rounds = 5_000_000;
    let begin = Instant::now();
    let alike = (0..rounds).filter(|_| black_box(one) == black_box(other)).count();
    assert_eq!(alike, rounds);
    begin.elapsed().as_nanos() as f64 / rounds as f64
}

fn main() {
    let (empty, two) = ([String::new(), String::new()], ["ab".to_owned(), "ab".to_owned()]);
    let times = nanoseconds(&empty[0], &empty[1]) / nanoseconds(&two[0], &two[1]);
    println!("{}", if times > 10.0 { "more than 10 times" } else if times < 3.0 { "alike" } else { "neither" });
}
RUST
rustc -C opt-level=2 compare.rs
libraries=root/lib/x86_64-linux-gnu
run() { GLIBC_TUNABLES=$1 "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries" ./compare; }
seen=$(
  run glibc.malloc.check=0
  run glibc.cpu.hwcaps=-AVX512VL,-AVX512BW
)
expected='more than 10 times
alike'
[ "$seen" = "$expected" ] || { printf 'it behaves differently now:\n%s\n' "$seen"; exit 1; }
echo 'as found: comparing nothing with nothing takes more than ten times as long, where AVX-512 compares'
