//! Results of a benchmark: speeds, ratios, losses, and the rows of `--json`.

use serde_json::{Value, json};

use super::contender::{Engine, Key};
use crate::bundle::Build;

/// Largest relative difference allowed between losses of the same problem: sums in another order, other `exp`s, and 20 steps of
/// Adam, which turns a gradient's last digit into a step of full length where it is nearly zero. Measured on W6, the largest:
/// 8e-4 (TensorFlow.js) and 1.1e-3 (burn) at the twentieth loss, from 1e-6 at the second.
pub const LOSS_TOLERANCE: f64 = 2e-3;

/// Median and quartiles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

impl Spread {
    /// `None` without values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * (sorted.len() as f64 - 1.0);
            let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
            below + (above - below) * place.fract()
        };
        (!sorted.is_empty()).then(|| Self {
            median: at(0.5),
            low: at(0.25),
            high: at(0.75),
        })
    }

    /// Interquartile range, as a share of the median.
    pub fn relative(self) -> f64 {
        (self.high - self.low) / self.median
    }
}

/// A contender in one workload.
#[derive(Clone, Debug)]
pub struct Entrant {
    pub key: Key,
    pub first_step_ms: f64,
    pub flops_per_step: f64,
    /// Weighted sum of the tasks' losses before each of the first steps.
    pub losses: Vec<f64>,
    /// Steps per second in the selection among alternatives.
    pub heat_speed: f64,
    /// Steps per second, round by round.
    pub speeds: Vec<f64>,
    pub is_slow: bool,
    pub is_out: bool,
}

impl Entrant {
    pub fn new(key: Key) -> Self {
        Self {
            key,
            first_step_ms: f64::NAN,
            flops_per_step: f64::NAN,
            losses: Vec::new(),
            heat_speed: 0.0,
            speeds: Vec::new(),
            is_slow: false,
            is_out: false,
        }
    }

    pub fn heat_note(&self) -> String {
        format!("{} steps/s", figure(self.heat_speed))
    }

    pub fn speed(&self) -> Option<Spread> {
        Spread::of(&self.speeds)
    }

    /// Largest relative difference of its first losses from another's (NaN counts as the largest), and how many were compared.
    pub fn loss_difference(&self, reference: &Self) -> Option<(f64, usize)> {
        let pairs = reference.losses.iter().zip(&self.losses);
        let n_compared = pairs.len();
        let difference =
            pairs
                .map(|(a, b)| (a - b).abs() / a.abs().max(1e-3))
                .fold(
                    0.0,
                    |worst: f64, one| if one > worst || one.is_nan() { one } else { worst },
                );
        (n_compared > 0).then_some((difference, n_compared))
    }
}

/// All results of a workload.
#[derive(Clone, Debug)]
pub struct WorkloadResult {
    pub name: String,
    pub about: String,
    pub batch_size: u64,
    /// Names of the nodes by their ids, for the profile.
    pub nodes: Vec<(u64, String)>,
    pub entrants: Vec<Entrant>,
    /// Contenders that did not take part, with the reason; and the speeds of the alternatives that were not selected.
    pub notes: Vec<String>,
    /// Registers-only peaks by build, in floating-point operations per second.
    pub peaks: Vec<(String, f64)>,
    /// Profile from the native program.
    pub profile: Option<Value>,
}

impl WorkloadResult {
    pub fn new(workload: &Value) -> Self {
        let text = |key: &str| workload[key].as_str().unwrap_or_default().to_owned();
        let nodes = workload["design"]["nodes"].as_array().into_iter().flatten();
        Self {
            name: text("name"),
            about: text("about"),
            batch_size: workload["batch_size"].as_u64().unwrap_or_default(),
            nodes: nodes
                .filter_map(|node| Some((node["id"].as_u64()?, node["name"].as_str()?.to_owned())))
                .collect(),
            entrants: Vec::new(),
            notes: Vec::new(),
            peaks: Vec::new(),
            profile: None,
        }
    }

    /// The contender on this engine and one of these backends, whose build's name starts with `build`.
    pub fn entrant(&self, engine: Engine, backends: &[&str], build: &str) -> Option<&Entrant> {
        self.entrants.iter().find(|entrant| {
            entrant.key.engine == engine
                && backends.contains(&entrant.key.backend)
                && entrant.key.build.starts_with(build)
        })
    }

    /// The contender that an entrant is compared with: the build of the page that a user gets on the same kind of processor.
    pub fn ours(&self, entrant: &Entrant) -> Option<&Entrant> {
        let backend = if entrant.key.backend == "webgpu" {
            "webgpu"
        } else {
            "cpu"
        };
        self.entrant(Engine::Mtl, &[backend], "wasm")
    }

    /// Peak of a build.
    pub fn peak(&self, build: &str) -> Option<f64> {
        let found = self.peaks.iter().find(|(name, _)| name.starts_with(build))?;
        Some(found.1)
    }

    /// Speed of the engine in the page relative to another contender, from the rounds in which both trained.
    pub fn ratio(&self, entrant: &Entrant) -> Option<Spread> {
        let ours = self.ours(entrant)?;
        let ratios: Vec<f64> = ours
            .speeds
            .iter()
            .zip(&entrant.speeds)
            .map(|(ours, theirs)| ours / theirs)
            .collect();
        Spread::of(&ratios)
    }

    /// Share of the registers-only peak measured together with this workload; `None` if the work is not done by the processor's
    /// vector unit.
    pub fn peak_share(&self, entrant: &Entrant) -> Option<f64> {
        let peak = match (entrant.key.engine, entrant.key.backend) {
            (Engine::Mtl, "cpu") => self.peak(&entrant.key.build)?,
            (Engine::TfjsExpert | Engine::TfjsStock, "wasm") | (Engine::Burn, _) => {
                self.peak(Build::Baseline.name())?
            }
            _ => return None,
        };
        Some(entrant.flops_per_step * entrant.speed()?.median / peak)
    }

    /// Largest relative difference of an entrant's first losses from the first entrant's (the page's on the CPU, if it takes
    /// part), and how many were compared.
    pub fn loss_difference(&self, entrant: &Entrant) -> Option<(f64, usize)> {
        let reference = self.entrants.first().filter(|first| first.key != entrant.key)?;
        entrant.loss_difference(reference)
    }

    /// For the native engine, the build of the page that does the same arithmetic.
    fn twin(&self, entrant: &Entrant) -> Option<&Entrant> {
        if !entrant.key.is_native() {
            return None;
        }
        let build = if entrant.key.build.ends_with("fma") {
            Build::Relaxed
        } else {
            Build::Baseline
        };
        self.entrant(Engine::Mtl, &["cpu"], build.name())
    }

    /// Disagreements between losses; empty when all agree.
    pub fn disagreements(&self) -> Vec<String> {
        let mut found = Vec::new();
        for entrant in &self.entrants {
            // The native build and the build of the page with the same rounding give the same bits.
            let twin = self.twin(entrant);
            let tolerance = if twin.is_some() { 0.0 } else { LOSS_TOLERANCE };
            let found_difference = match twin {
                Some(twin) => entrant.loss_difference(twin),
                None => self.loss_difference(entrant),
            };
            let Some((difference, n_compared)) = found_difference else {
                continue;
            };
            if difference.is_nan() || difference > tolerance {
                found.push(format!(
                    "{}: the first {n_compared} losses of {} differ by {difference:.1e} (at most {tolerance:.0e} is the same problem)",
                    self.name, entrant.key
                ));
            }
        }
        found
    }

    /// Rows of `--json`.
    pub fn rows(&self) -> Vec<Value> {
        self.entrants
            .iter()
            .filter_map(|entrant| self.row(entrant))
            .collect()
    }

    fn row(&self, entrant: &Entrant) -> Option<Value> {
        let speed = entrant.speed()?;
        Some(json!({
            "workload": self.name,
            "engine": entrant.key.engine.key(),
            "backend": entrant.key.backend,
            "build": entrant.key.build,
            "steps_per_s": speed.median,
            "spread": speed.relative(),
            "first_step_ms": entrant.first_step_ms,
            "peak_share": self.peak_share(entrant),
            "losses": entrant.losses,
            "quartiles": [speed.low, speed.high],
            "n_blocks": entrant.speeds.len(),
            "batch_size": self.batch_size,
            "ratio": self.ratio(entrant).map(|ratio| ratio.median),
        }))
    }
}

/// A number with three significant digits, for tables.
pub fn figure(x: f64) -> String {
    match x.abs() {
        size if size >= 100.0 => format!("{x:.0}"),
        size if size >= 10.0 => format!("{x:.1}"),
        size if size >= 1.0 => format!("{x:.2}"),
        _ => format!("{x:.3}"),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A workload in which the page makes twice the steps of TensorFlow.js, on a machine that gets slower.
    pub fn example() -> WorkloadResult {
        let workload = json!({
            "name": "W1", "about": "text-gap: small", "batch_size": 64,
            "design": { "nodes": [{ "id": 3, "name": "dense" }] },
        });
        let mut result = WorkloadResult::new(&workload);
        let entrant = |engine, backend, build: &str, speeds: &[f64], losses: &[f64]| Entrant {
            first_step_ms: 12.5,
            flops_per_step: 1e6,
            losses: losses.to_vec(),
            speeds: speeds.to_vec(),
            ..Entrant::new(Key {
                engine,
                backend,
                build: build.to_owned(),
            })
        };
        result.entrants = vec![
            entrant(
                Engine::Mtl,
                "cpu",
                "wasm-simd128",
                &[200.0, 100.0, 50.0],
                &[2.0, 1.0],
            ),
            entrant(
                Engine::Mtl,
                "cpu",
                "native-avx2",
                &[400.0, 200.0, 100.0],
                &[2.0, 1.0],
            ),
            entrant(
                Engine::TfjsExpert,
                "wasm",
                "tfjs-4.22.0",
                &[100.0, 50.0],
                &[2.0, 1.0001],
            ),
        ];
        result.peaks = vec![("native-avx2".to_owned(), 4e9), ("wasm-simd128".to_owned(), 1e9)];
        result.profile = Some(json!({
            "ops": [{ "op": "linear", "node": 3, "forward_ms": 0.25, "backward_ms": 0.5 }],
            "between_ms": 0.125, "optimizer_ms": 0.125,
        }));
        result
    }

    #[test]
    fn median_and_quartiles() {
        assert_eq!(Spread::of(&[]), None);
        let spread = Spread::of(&[5.0, 1.0, 3.0, 2.0, 4.0]).unwrap();
        assert_eq!((spread.low, spread.median, spread.high), (2.0, 3.0, 4.0));
        assert_eq!(Spread::of(&[1.0, 2.0]).unwrap().median, 1.5);
        assert!((spread.relative() - 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn ratios_are_paired_round_by_round() {
        let result = example();
        let tfjs = result.entrant(Engine::TfjsExpert, &["wasm"], "tfjs").unwrap();
        // Unpaired medians would say 100 / 75.
        assert_eq!(result.ratio(tfjs).unwrap().median, 2.0);
        let native = result.entrant(Engine::Mtl, &["cpu"], "native").unwrap();
        assert_eq!(result.ratio(native).unwrap().median, 0.5);
    }

    #[test]
    fn shares_are_of_the_peak_of_the_same_instructions() {
        let result = example();
        let shares: Vec<_> = result
            .entrants
            .iter()
            .map(|entrant| result.peak_share(entrant).unwrap())
            .collect();
        assert_eq!(shares, [0.1, 0.05, 0.075]);
        let mut gpu = result.entrants[0].clone();
        gpu.key.backend = "webgpu";
        assert_eq!(result.peak_share(&gpu), None);
    }

    #[test]
    fn losses_are_held_against_the_first_entrant() {
        let mut result = example();
        assert_eq!(result.loss_difference(&result.entrants[0]), None);
        assert_eq!(result.loss_difference(&result.entrants[1]), Some((0.0, 2)));
        assert!(result.disagreements().is_empty());
        result.entrants[1].losses[1] += 1e-7;
        result.entrants[2].losses[0] = f64::NAN;
        let found = result.disagreements();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].contains("natively") && found[1].contains("TF.js expert (wasm)"),
            "{found:?}"
        );
    }

    #[test]
    fn rows_have_the_stated_members() {
        let rows = example().rows();
        assert_eq!(rows.len(), 3);
        for key in [
            "workload",
            "engine",
            "backend",
            "build",
            "steps_per_s",
            "spread",
            "first_step_ms",
            "peak_share",
            "losses",
        ] {
            assert!(rows.iter().all(|row| !row[key].is_null()), "{key}: {rows:?}");
        }
        assert_eq!(rows[0]["steps_per_s"], 100.0);
        assert_eq!(rows[2]["engine"], "tfjs-expert");
        assert_eq!(rows[2]["losses"], json!([2.0, 1.0001]));
    }

    #[test]
    fn figures_have_three_digits() {
        let texts = [1234.5, 12.345, 1.2345, 0.12345].map(figure);
        assert_eq!(texts, ["1234", "12.3", "1.23", "0.123"]);
    }
}
