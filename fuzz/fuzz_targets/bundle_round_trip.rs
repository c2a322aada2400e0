#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hornfels_fuzz::bundle_round_trip(data));
