#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kmsramcred::fuzzing::run("dedicated_answer", bytes));
