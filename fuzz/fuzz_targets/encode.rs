//! Arbitrary bytes as Arrow IPC, and what comes of them as rows.
#![no_main]

#[path = "../src/encode.rs"]
mod encode;

libfuzzer_sys::fuzz_target!(init: encode::let_the_reader_panic(), |data: &[u8]| {
    encode::run(data);
});
