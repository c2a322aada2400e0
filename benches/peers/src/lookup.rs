//! Finding one tensor by its path, among ever more.

use std::path::Path;

use hornfels::hdf5::{File, Layout, Tree, WriteOptions};
use hornfels::{Sync, Tensor};

use crate::Result;
use crate::contest::{Contest, timed};
use crate::settings::Settings;
use crate::weights::Weights;
use crate::write;

/// How many lookups are timed together.
const LOOKUPS: usize = 1000;

pub(crate) fn contests(settings: &Settings) -> Result<()> {
    let directory = settings.directory("lookup")?;
    let counts = [1_000, 10_000, 100_000].map(|count| settings.scaled(count, count / 10));
    let mut contest = Contest::new("one lookup, in groups of two");
    for count in counts {
        let path = directory.join(&format!("groups-{count}.h5"));
        let weights = Weights::small(count)?;
        write::hornfels(&weights, &path, Sync::Never)?;
        let paths = weights
            .each()
            .map(|(group, name, _)| format!("{group}/{name}"));
        contest = add(contest, count, &path, &paths.collect::<Vec<_>>())?;
    }
    contest.hold(settings.rounds)?;
    for (layout, name) in [(Layout::Classic, "classic"), (Layout::Compact, "compact")] {
        let mut contest = Contest::new(format!("one lookup, in one group, {name} layout"));
        for count in counts {
            let path = directory.join(&format!("{name}-{count}.h5"));
            let paths: Vec<String> = (0..count)
                .map(|number| format!("kernel_{number}"))
                .collect();
            flat(&path, layout, &paths)?;
            contest = add(contest, count, &path, &paths)?;
        }
        contest.hold(settings.rounds)?;
    }
    Ok(())
}

/// Adds looking for some of `paths` in the open file at `path`.
fn add<'c>(
    contest: Contest<'c>,
    count: usize,
    path: &Path,
    paths: &[String],
) -> Result<Contest<'c>> {
    let file = File::open(path)?;
    // Nobody looks tensors up in the order they are stored in.
    let stride = 7919;
    let picked: Vec<String> = (0..LOOKUPS)
        .map(|number| paths[number * stride % paths.len()].clone())
        .collect();
    Ok(contest.add(format!("{count} tensors"), None, move || {
        let (time, ()) = timed(|| {
            for path in &picked {
                if file.dataset(path)?.shape().is_empty() {
                    return Err("a tensor without a shape".into());
                }
            }
            Ok(())
        })?;
        Ok(time / u32::try_from(LOOKUPS)?)
    }))
}

/// Writes all tensors into the root group.
fn flat(path: &Path, layout: Layout, names: &[String]) -> Result<()> {
    let values = [0.0_f32; 1];
    let mut tree = Tree::new();
    let mut root = tree.root();
    for name in names {
        root.dataset(name, Tensor::new(&values, [1])?)?;
    }
    let options = WriteOptions {
        layout,
        ..WriteOptions::default()
    };
    Ok(tree.save(path, &options)?)
}
