//! Hashes of all results that must have the same bits on every machine.

use std::collections::BTreeMap;

use mtl_base::schema::Schema;
use mtl_data::datasets::Generator;
use mtl_engine::design::presets;
use mtl_kernels::elementary;
use mtl_kernels::random::Random;
use mtl_training::protocol::{Command, DataSource, Event, Request, Run, RunSettings, Split};
use mtl_training::{Outgoing, Session, recommended};

/// Steps of each run: enough to pass through every kernel many times.
const N_STEPS: u32 = 60;

/// Data sets that need no download.
const GENERATED: [&str; 3] = [
    "generated-reviews",
    "generated-impressions",
    "generated-regression",
];

/// All hashes by name, as a JSON object.
pub fn json() -> String {
    serde_json::to_string(&all()).expect("a map of texts is JSON")
}

/// All hashes by name.
pub fn all() -> BTreeMap<String, String> {
    let mut digests = BTreeMap::new();
    elementary_functions(&mut digests);
    digests.insert("random streams".to_owned(), random_streams());
    for key in GENERATED {
        runs_on(key, &mut digests);
    }
    digests
}

fn elementary_functions(digests: &mut BTreeMap<String, String>) {
    type Function = (&'static str, fn(f32) -> f32);
    let functions: [Function; 12] = [
        ("exp", elementary::exp),
        ("expm1", elementary::expm1),
        ("log", elementary::log),
        ("log1p", elementary::log1p),
        ("softplus", elementary::softplus),
        ("sigmoid", elementary::sigmoid),
        ("tanh", elementary::tanh),
        ("erf", elementary::erf),
        ("gelu", elementary::gelu),
        ("gelu_derivative", elementary::gelu_derivative),
        ("sin", elementary::sin),
        ("cos", elementary::cos),
    ];
    // A prime stride through all bit patterns: every exponent, both signs, subnormals, infinities and NaN.
    let inputs = || (0..=u32::MAX).step_by(4_099).map(f32::from_bits);
    for (name, function) in functions {
        let mut hash = Hash::default();
        inputs().for_each(|x| hash.f32(function(x)));
        digests.insert(format!("{name} (f32)"), hash.text());
    }
    let mut hash = Hash::default();
    for x in inputs() {
        hash.f64(elementary::exp_f64(f64::from(x)));
        hash.f64(elementary::log_f64(f64::from(x)));
    }
    digests.insert("exp and log (f64)".to_owned(), hash.text());
}

fn random_streams() -> String {
    let mut hash = Hash::default();
    for seed in [0, 1, u64::MAX] {
        let mut random = Random::stream(seed, "wasm tests");
        for _ in 0..10_000 {
            hash.f32(random.uniform());
            hash.f32(random.normal());
            hash.f32(random.truncated_normal());
            hash.bytes(&(random.below(1_000) as u64).to_le_bytes());
        }
    }
    hash.text()
}

/// Trains every preset that fits the data set and hashes all events of the run, with a constant clock.
fn runs_on(key: &str, digests: &mut BTreeMap<String, String>) {
    let generator = Generator::with_key(key).expect("the key is of a generator");
    for preset in presets::all() {
        let mut run = Recorded::default();
        run.tell(Command::Data {
            source: DataSource::Generated {
                generator: generator.clone(),
            },
            settings: recommended::data_settings(key),
        });
        if preset.key == presets::all()[0].key {
            digests.insert(format!("{key}: rows, report, baselines"), run.hash.text());
        }
        let schema = run.schema.clone().expect("the generated rows have a schema");
        if !preset.fits(&schema) {
            continue;
        }
        run.tell(Command::Settings {
            settings: RunSettings {
                reproducible: true,
                ..recommended::run_settings(preset.key, key)
            },
        });
        run.tell(Command::Design {
            design: preset.design(&schema),
        });
        run.tell(Command::Run {
            run: Run::Steps { n: N_STEPS },
        });
        run.tell(Command::Ask {
            request: Request::Evaluate {
                split: Split::Validation,
            },
        });
        run.tell(Command::Ask {
            request: Request::Rows {
                split: Split::Validation,
                n: 3,
                seed: 5,
            },
        });
        run.tell(Command::Ask {
            request: Request::Snapshot,
        });
        let name = format!("{key}: {}, {N_STEPS} steps", preset.key);
        let fingerprint = run
            .session
            .fingerprint()
            .expect("the preset trains on its data set");
        assert_eq!(run.session.status().step, u64::from(N_STEPS), "{name}");
        digests.insert(format!("{name}: parameters"), format!("{fingerprint:016x}"));
        digests.insert(format!("{name}: events"), run.hash.text());
    }
}

/// A session whose events are hashed.
#[derive(Default)]
struct Recorded {
    session: Session,
    hash: Hash,
    schema: Option<Schema>,
}

impl Recorded {
    fn tell(&mut self, command: Command) {
        let mut out = Vec::new();
        self.session.handle(1, command, Vec::new(), &mut out);
        while self.session.slice(&|| 0.0, 1.0, &mut out) {}
        for outgoing in out {
            let (text, payloads) = match &outgoing {
                Outgoing::Event(event) => (serde_json::to_string(event), &[][..]),
                Outgoing::Reply {
                    reply: Ok(reply),
                    payloads,
                    ..
                } => (serde_json::to_string(reply), &payloads[..]),
                Outgoing::Reply {
                    reply: Err(error), ..
                } => panic!("{error}"),
            };
            // Which instructions a build has is no result.
            let text = text
                .expect("a message is JSON")
                .replace("\"fused\":true", "\"fused\":false");
            self.hash.bytes(text.as_bytes());
            payloads.iter().for_each(|payload| self.hash.bytes(payload));
            if let Outgoing::Event(Event::Data { schema, .. }) = outgoing {
                self.schema = Some(schema);
            }
        }
    }
}

/// FNV-1a over 64 bits.
struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hash {
    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// The standard does not define which NaN an operation returns: all NaN count as equal.
    fn f32(&mut self, x: f32) {
        let bits = if x.is_nan() {
            f32::NAN.to_bits()
        } else {
            x.to_bits()
        };
        self.bytes(&bits.to_le_bytes());
    }

    fn f64(&mut self, x: f64) {
        let bits = if x.is_nan() {
            f64::NAN.to_bits()
        } else {
            x.to_bits()
        };
        self.bytes(&bits.to_le_bytes());
    }

    fn text(&self) -> String {
        format!("{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_twice_and_every_part_is_there() {
        let first = all();
        assert_eq!(first, all());
        for preset in presets::all() {
            let name = format!(": {}, ", preset.key);
            assert!(
                first.keys().any(|key| key.contains(&name)),
                "no run of {} in {first:?}",
                preset.key
            );
        }
    }
}
