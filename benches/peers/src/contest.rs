//! One job, several contestants, in turns.

use std::hint;
use std::time::{Duration, Instant};

use crate::Result;

/// A job that several do. The first contestant is the one that the others are compared with.
pub(crate) struct Contest<'c> {
    title: String,
    /// How much memory is fetched before each turn.
    fetched: usize,
    contestants: Vec<Contestant<'c>>,
}

struct Contestant<'c> {
    name: String,
    /// What the first should take at most, relative to this one.
    wanted: Option<f64>,
    run: Box<dyn FnMut() -> Result<Duration> + 'c>,
    times: Vec<f64>,
}

impl<'c> Contest<'c> {
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Contest {
            title: title.into(),
            fetched: 0,
            contestants: Vec::new(),
        }
    }

    /// Fetches `mib` MiB before each turn: a virtual machine gives memory that is free for some
    /// seconds back to its host, and who gets it next would pay for that.
    pub(crate) fn fetching(mut self, mib: usize) -> Self {
        self.fetched = mib << 20;
        self
    }

    /// Adds a contestant that measures itself: what goes before and after its work does not count.
    pub(crate) fn add(
        mut self,
        name: impl Into<String>,
        wanted: impl Into<Option<f64>>,
        run: impl FnMut() -> Result<Duration> + 'c,
    ) -> Self {
        self.contestants.push(Contestant {
            name: name.into(),
            wanted: wanted.into(),
            run: Box::new(run),
            times: Vec::new(),
        });
        self
    }

    /// Runs everybody once without counting, then in `rounds` rounds, each begun by the next, and
    /// prints what came out.
    pub(crate) fn hold(mut self, rounds: usize) -> Result<()> {
        let count = self.contestants.len();
        for round in 0..=rounds {
            for turn in 0..count {
                let contestant = &mut self.contestants[(round + turn) % count];
                drop(hint::black_box(vec![1_u8; self.fetched]));
                let time = (contestant.run)()
                    .map_err(|error| format!("{}: {}: {error}", self.title, contestant.name))?;
                if round > 0 {
                    contestant.times.push(time.as_secs_f64());
                }
            }
        }
        self.print();
        Ok(())
    }

    fn print(&self) {
        println!(
            "\n{:44} {:>11} {:>7} {:>15} {:>8}",
            self.title, "median", "ratio", "(range)", "wanted"
        );
        let [first, ..] = &self.contestants[..] else {
            return;
        };
        for (number, contestant) in self.contestants.iter().enumerate() {
            print!(
                "  {:42} {:>11}",
                contestant.name,
                shown(median(&contestant.times))
            );
            if number > 0 {
                let pairs = first.times.iter().zip(&contestant.times);
                let mut ratios: Vec<f64> = pairs.map(|(ours, theirs)| ours / theirs).collect();
                ratios.sort_by(f64::total_cmp);
                let range = format!("({}-{})", ratio(ratios[0]), ratio(ratios[ratios.len() - 1]));
                print!(" {:>7} {range:>15}", ratio(median(&ratios)));
            }
            if let Some(wanted) = contestant.wanted {
                print!(" {:>8}", format!("<= {wanted}"));
            }
            println!();
        }
    }
}

/// How long `work` takes, and what it gives.
pub(crate) fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(Duration, T)> {
    let start = Instant::now();
    let done = work()?;
    Ok((start.elapsed(), done))
}

fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = ((sorted.len() - 1) / 2, sorted.len() / 2);
    f64::midpoint(sorted[low], sorted[high])
}

fn ratio(ratio: f64) -> String {
    let digits = if ratio < 0.095 { 4 } else { 2 };
    format!("{ratio:.digits$}")
}

fn shown(seconds: f64) -> String {
    match seconds {
        s if s < 1e-4 => format!("{:.2} us", s * 1e6),
        s if s < 0.1 => format!("{:.2} ms", s * 1e3),
        s => format!("{s:.3} s"),
    }
}
