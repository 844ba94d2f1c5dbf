#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| statuswatch_fuzz::run("template", data));
