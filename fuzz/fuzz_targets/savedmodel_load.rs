#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hornfels_fuzz::savedmodel_load(data));
