//! Two generated regression tasks with adjustable relatedness: the synthetic data of the MMoE paper.
//!
//! With orthogonal unit vectors `u1`, `u2` of length `d`, a scale `c` and a relatedness `p` from -1 to 1,
//!
//! ```text
//! w1 = c u1,  w2 = c (p u1 + sqrt(1 - p^2) u2),  x ~ N(0, I)
//! y_k = f(w_k . x) + noise,  f(z) = z + sum_i sin(a_i z + b_i),  noise ~ N(0, s^2)
//! ```
//! `p` is the cosine of the two weight vectors. The constants `a`, `b` are fixed ([`SINES`]): drawn anew for every seed, as
//! is usual, they change the correlation of the labels more than `p` does. With them the correlation of the labels is close to
//! `p`, and the report shows its measured value. `E[y_k | x] = f(w_k . x)` is stored as the truth, so that the smallest possible
//! error, `s`, is one of the baselines.
//!
//! The second label may be given in a smaller unit (`unit_2 = 100`: cents instead of euros), which makes its loss 10,000
//! times as large. With `streaming`, training rows are drawn anew in every epoch ([`FreshRows`](super::FreshRows)):
//! the setting without repetition of the paper's comparison.
//!
//! Ma, J. et al. (2018). Modeling Task Relationships in Multi-task Learning with Multi-gate Mixture-of-Experts. KDD.
//!
//! ```
//! use mtl_data::datasets::generated_regression::{RegressionSettings, generate};
//!
//! let dataset = generate(&RegressionSettings { rows: 200, relatedness: -1.0, noise: 0.0, ..Default::default() });
//! let (first, second) = (&dataset.labels[0].values, &dataset.labels[1].values);
//! assert_eq!(dataset.n_rows(), 200);
//! assert!(first.iter().zip(second).all(|(a, b)| (a + b).abs() < 0.9));
//! ```

use mtl_base::schema::LabelKind;
use mtl_base::text::Message;
use mtl_kernels::elementary::sin;
use mtl_kernels::random::Random;

use crate::dataset::{
    Column, Dataset, DatasetInfo, DenseColumn, Feature, LabelColumn, Language, TruthColumn,
};
use crate::settings::DataSettings;

/// Key of the data set.
pub const KEY: &str = "generated-regression";

/// Frequencies and phases of `f`: one draw from the standard normal, rounded, so that `f` has the variance 0.35 at the
/// default scale.
pub const SINES: [(f32, f32); 5] = [(1.3, 0.0), (-1.0, 0.5), (0.5, -0.5), (-0.5, 1.0), (0.8, -1.0)];

/// Largest width of the input.
pub const MAX_WIDTH: usize = 256;

mtl_base::settings! {
    /// Settings of the regression generator.
    pub struct RegressionSettings {
        /// Number of rows.
        rows: usize = 10_000, Int { min: 100, max: 50_000, step: 1_000 },
            ["Rows", "行数"], ["Number of generated rows.", "生成的行数。"];
        /// Numbers per row.
        width: usize = 100, Int { min: 2, max: 256, step: 10 },
            ["Inputs", "输入数"], ["Numbers per row, d.", "每行的数值个数 d。"];
        /// Cosine of the two weight vectors.
        relatedness: f32 = 0.5, Real { min: -1.0, max: 1.0, step: 0.1 },
            ["Relatedness", "任务相关度"],
            ["p, the cosine of the weight vectors of the tasks: 1 makes the tasks identical, 0 unrelated, -1 opposite.",
             "两个任务权重向量的余弦 p：1 表示同一任务，0 表示无关，-1 表示相反。"];
        /// Length of the weight vectors.
        scale: f32 = 0.3, Real { min: 0.05, max: 2.0, step: 0.05 },
            ["Scale", "尺度"],
            ["c, the length of the weight vectors: with larger values the tasks are less linear.",
             "权重向量的长度 c：越大，任务越偏离线性。"];
        /// Standard deviation of the noise.
        noise: f32 = 0.1, Real { min: 0.0, max: 2.0, step: 0.05 },
            ["Noise", "噪声"],
            ["Standard deviation s of the noise of both labels, in the unit of the first: the smallest possible error.",
             "两个标签噪声的标准差 s（以第一个标签的单位计）：可能达到的最小误差。"];
        /// Units of the second label per unit of the first.
        unit_2: f32 = 1.0, Real { min: 0.001, max: 1_000.0, step: 1.0 },
            ["Unit of task 2", "任务 2 的单位"],
            ["The second label is multiplied by this value: with 100 it is in cents and the first in euros, and its squared error is \
              10,000 times as large.",
             "第二个标签乘以该值：取 100 相当于第一个标签以元计、第二个以分计，平方误差大 10,000 倍。"];
        /// Share of missing labels.
        missing: f32 = 0.0, Real { min: 0.0, max: 0.95, step: 0.05 },
            ["Missing labels", "缺失标签"],
            ["Share of missing labels, drawn independently for each label.", "缺失标签的比例，对每个标签独立抽取。"];
        /// Whether training rows are drawn anew in every epoch.
        streaming: bool = false, Flag,
            ["New rows in every epoch", "每轮新数据"],
            ["Training rows are drawn anew in every epoch, so that none is used twice; the validation and test sets stay the same.",
             "每一轮都重新抽取训练集，任何一行都不会重复出现；验证集和测试集保持不变。"];
        /// Seed.
        seed: usize = 1, Int { min: 0, max: 4_294_967_295, step: 1 },
            ["Seed", "随机种子"], ["Same seed, same rows.", "种子相同，数据相同。"];
    }
}

/// Description of the data set.
pub fn info() -> DatasetInfo {
    DatasetInfo {
        key: KEY.to_owned(),
        name: Message::new("Generated regression", "生成的回归任务"),
        description: Message::new(
            "Two regression tasks on the same random inputs, with adjustable relatedness from opposite (-1) over unrelated (0) \
             to identical (1), after the synthetic data of the MMoE paper. The smallest possible error is known. Options: \
             another unit for the second task, and new rows in every epoch.",
            "同一随机输入上的两个回归任务，相关度可从相反（-1）经无关（0）调到相同（1），参照 MMoE 论文的合成数据。可能的最小误差已知。可选：第二个任务使用其他单位；每轮重新抽取数据。",
        ),
        language: Language::None,
        licence: "MIT OR Apache-2.0".to_owned(),
        attribution: Message::new("Made by MTL Playground.", "由 MTL Playground 生成。"),
        citation: Some(
            "Ma, J. et al. (2018). Modeling Task Relationships in Multi-task Learning with Multi-gate \
             Mixture-of-Experts. KDD."
                .to_owned(),
        ),
        source: None,
    }
}

/// Recommended settings for preparing the set.
pub fn recommended() -> DataSettings {
    DataSettings::default()
}

/// The two target functions of an input.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rule {
    settings: RegressionSettings,
    weights: [Vec<f32>; 2],
}

impl Rule {
    pub(crate) fn new(settings: &RegressionSettings) -> Self {
        let mut random = Random::stream(settings.seed as u64, "regression/weights");
        let mut draw = || -> Vec<f32> { (0..settings.width).map(|_| random.normal()).collect() };
        let (mut u1, mut u2) = (draw(), draw());
        normalize(&mut u1);
        let along: f32 = u1.iter().zip(&u2).map(|(a, b)| a * b).sum();
        u2.iter_mut().zip(&u1).for_each(|(b, a)| *b -= along * a);
        normalize(&mut u2);
        let (c, p) = (settings.scale, settings.relatedness);
        let q = (1.0 - p * p).max(0.0).sqrt();
        let second = u1.iter().zip(&u2).map(|(a, b)| c * (p * a + q * b)).collect();
        u1.iter_mut().for_each(|a| *a *= c);
        Self {
            settings: settings.clone(),
            weights: [u1, second],
        }
    }

    /// Numbers per row.
    pub(crate) fn width(&self) -> usize {
        self.settings.width
    }

    /// Fills a row and returns its labels and their expected values.
    pub(crate) fn draw(&self, random: &mut Random, x: &mut [f32]) -> ([f32; 2], [f32; 2]) {
        x.iter_mut().for_each(|value| *value = random.normal());
        let units = [1.0, self.settings.unit_2];
        let expected = [0, 1].map(|task| {
            let z: f32 = self.weights[task].iter().zip(&*x).map(|(w, x)| w * x).sum();
            units[task] * (z + SINES.iter().map(|(a, b)| sin(a * z + b)).sum::<f32>())
        });
        let labels = [0, 1].map(|task| {
            let value = expected[task] + units[task] * self.settings.noise * random.normal();
            if random.uniform() < self.settings.missing {
                f32::NAN
            } else {
                value
            }
        });
        (labels, expected)
    }
}

fn normalize(vector: &mut [f32]) {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    vector
        .iter_mut()
        .for_each(|value| *value /= length.max(f32::MIN_POSITIVE));
}

/// Generates the rows.
pub fn generate(settings: &RegressionSettings) -> Dataset {
    let rule = Rule::new(settings);
    let mut random = Random::stream(settings.seed as u64, "regression/rows");
    let mut values = vec![0.0; settings.rows * settings.width];
    let [mut labels, mut truths] = [const { [Vec::new(), Vec::new()] }; 2];
    for row in values.chunks_exact_mut(settings.width) {
        let (of_row, expected) = rule.draw(&mut random, row);
        for task in 0..2 {
            labels[task].push(of_row[task]);
            truths[task].push(expected[task]);
        }
    }
    let names = [Message::new("Task 1", "任务 1"), Message::new("Task 2", "任务 2")];
    let keys = ["task_1", "task_2"];
    Dataset {
        info: info(),
        features: vec![Feature {
            key: "x".to_owned(),
            name: Message::new("Inputs", "输入"),
            column: Column::Dense(DenseColumn {
                width: settings.width,
                values,
            }),
        }],
        labels: (keys.iter().zip(names).zip(labels))
            .map(|((key, name), values)| LabelColumn {
                key: (*key).to_owned(),
                name,
                kind: LabelKind::Real,
                classes: vec![],
                values,
                next: None,
            })
            .collect(),
        truth: (keys.iter().zip(truths))
            .map(|(key, values)| TruthColumn {
                label: (*key).to_owned(),
                values,
                flipped: 0.0,
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn correlation(a: &[f32], b: &[f32]) -> f64 {
        let n = a.len() as f64;
        let mean = |values: &[f32]| values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
        let (ma, mb) = (mean(a), mean(b));
        let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
        for (x, y) in a.iter().zip(b) {
            let (x, y) = (f64::from(*x) - ma, f64::from(*y) - mb);
            (ab, aa, bb) = (ab + x * y, aa + x * x, bb + y * y);
        }
        ab / (aa * bb).sqrt()
    }

    /// By a Monte Carlo computation of the formula in another language: correlation of the labels and their variance.
    #[test]
    fn relatedness_is_what_the_labels_show_whatever_the_seed() {
        for (relatedness, expected) in [
            (-1.0, -0.972),
            (-0.5, -0.484),
            (0.0, 0.0),
            (0.5, 0.487),
            (0.9, 0.874),
            (1.0, 0.972),
        ] {
            for seed in [1, 2] {
                let dataset = generate(&RegressionSettings {
                    rows: 20_000,
                    width: 20,
                    relatedness,
                    seed,
                    ..Default::default()
                });
                dataset.check().unwrap();
                let [a, b] = [0, 1].map(|task| &dataset.labels[task].values[..]);
                let got = correlation(a, b);
                assert!((got - expected).abs() < 0.025, "{relatedness} {seed}: {got}");
                let variance = a.iter().map(|v| f64::from(v * v)).sum::<f64>() / a.len() as f64;
                assert!((variance - 0.353).abs() < 0.02, "{variance}");
            }
        }
    }

    #[test]
    fn labels_are_their_truth_and_noise_in_the_unit_asked_for() {
        let settings = RegressionSettings {
            rows: 5_000,
            width: 7,
            unit_2: 100.0,
            noise: 0.2,
            missing: 0.3,
            ..Default::default()
        };
        let dataset = generate(&settings);
        let plain = generate(&RegressionSettings {
            unit_2: 1.0,
            ..settings.clone()
        });
        for (task, unit) in [(0, 1.0), (1, 100.0)] {
            let pairs = || {
                dataset.labels[task]
                    .values
                    .iter()
                    .zip(&dataset.truth[task].values)
            };
            let known: Vec<f64> = pairs()
                .filter(|(label, _)| !label.is_nan())
                .map(|(label, truth)| f64::from(label - truth) / unit)
                .collect();
            assert!((known.len() as f64 / 5_000.0 - 0.7).abs() < 0.03);
            let deviation = (known.iter().map(|e| e * e).sum::<f64>() / known.len() as f64).sqrt();
            assert!((deviation - 0.2).abs() < 0.01, "{deviation}");
            for (a, b) in dataset.truth[task].values.iter().zip(&plain.truth[task].values) {
                assert!((f64::from(*a) - unit * f64::from(*b)).abs() < 1e-4 * unit);
            }
        }
        assert_eq!(dataset.features, plain.features);
    }

    #[test]
    fn the_weight_vectors_have_the_cosine_and_length_asked_for() {
        let rule = Rule::new(&RegressionSettings {
            relatedness: -0.3,
            scale: 0.7,
            ..Default::default()
        });
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let [w1, w2] = &rule.weights;
        assert!((dot(w1, w1).sqrt() - 0.7).abs() < 1e-5 && (dot(w2, w2).sqrt() - 0.7).abs() < 1e-5);
        assert!((dot(w1, w2) / 0.49 + 0.3).abs() < 1e-4);
    }
}
