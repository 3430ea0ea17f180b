//! Generated impressions for recommendation: clicks, purchases and next items whose probabilities are known.
//!
//! Users and items have `k` latent factors, drawn from a standard normal. With the affinity
//! `a(u, i) = u . v / sqrt(k)`, item bias `b_i` and user bias `b_u`,
//!
//! - `p(click) = sigmoid(c0 + b_u + b_i + 1.5 a(u, i))`;
//! - `p(buy | click) = sigmoid(c1 + 1.5 a'(u, i))`, where `a'` uses item factors `v' = r v + sqrt(1 - r^2) w`: `r` is
//!   the correlation of the two tasks;
//! - the next item is drawn from `(1 - m) P(j | u) + m P(j | previous)`, each a softmax of `3 a` over the items, the
//!   first weighted by popularity; the next user (who else would like this item) from the softmax over the users.
//!
//! Items are shown by popularity `1 / rank^s` (a long tail), and `c0`, `c1` are set so that the mean click and purchase
//! rates are those of the settings. Labels: `click`; `conversion` (clicked and bought, known for every impression);
//! `purchase` (bought, known only after a click, NaN otherwise: sample selection as it is in practice); `next_item` and
//! `next_user`, with as many classes as there are items and users. With `tail_tasks` there are two more labels:
//! `click_popular` and `click_tail`, each known for its own items only. [`Dataset::truth`] holds the probability of the positive class
//! (binary) or of the drawn class, before noise: of `click` it is pCTR, of `purchase` pCVR (for every impression, clicked or
//! not), of `conversion` their product, so that a model's bias can be measured ([`compare`](crate::truth::compare)).
//!
//! ```
//! use mtl_data::datasets::generated_impressions::{ImpressionSettings, generate};
//!
//! let dataset = generate(&ImpressionSettings { rows: 500, users: 20, items: 50, ..Default::default() });
//! let truth = dataset.truth.iter().find(|truth| truth.label == "click").map(|truth| truth.values[0]);
//! assert!(truth.is_some_and(|p| p > 0.0 && p < 1.0));
//! ```

use mtl_base::schema::LabelKind;
use mtl_base::text::Message;
use mtl_kernels::elementary::{exp, log, sigmoid};
use mtl_kernels::random::Random;

use crate::dataset::{Column, Dataset, DatasetInfo, Feature, IdColumn, LabelColumn, Language, TruthColumn};
use crate::settings::DataSettings;

/// Key of the data set.
pub const KEY: &str = "generated-impressions";

mtl_base::settings! {
    /// Settings of the impression generator.
    pub struct ImpressionSettings {
        /// Number of impressions.
        rows: usize = 20_000, Int { min: 100, max: 200_000, step: 5_000 },
            ["Impressions", "曝光数"], ["Number of rows; in each, one user sees one item.", "行数：一行是一位用户看到一件物品。"];
        /// Number of users.
        users: usize = 1_000, Int { min: 2, max: 5_000, step: 100 },
            ["Users", "用户数"], ["Number of users.", "用户的数量。"];
        /// Number of items.
        items: usize = 1_700, Int { min: 2, max: 5_000, step: 100 },
            ["Items", "物品数"], ["Number of items.", "物品的数量。"];
        /// Number of latent factors.
        factors: usize = 6, Int { min: 1, max: 64, step: 1 },
            ["Latent factors", "隐因子数"],
            ["Width k of the latent preference vectors.", "隐含偏好向量的维度 k。"];
        /// Correlation of the preferences behind click and purchase.
        correlation: f32 = 0.7, Real { min: -1.0, max: 1.0, step: 0.05 },
            ["Task correlation", "任务相关度"],
            ["r in v' = r v + sqrt(1 - r^2) w: how similar the preferences behind conversions are to those behind clicks; -1: opposite.",
             "v' = r v + sqrt(1 - r^2) w 中的 r：促成转化的偏好与促成点击的偏好有多一致；-1 表示相反。"];
        /// Mean click-through rate.
        click_rate: f32 = 0.3, Real { min: 0.01, max: 0.9, step: 0.01 },
            ["Click-through rate (CTR)", "点击率（CTR）"], ["Mean probability of a click.", "平均点击概率。"];
        /// Mean conversion rate after a click.
        purchase_rate: f32 = 0.3, Real { min: 0.01, max: 0.9, step: 0.01 },
            ["Conversion rate (CVR)", "转化率（CVR）"], ["Mean probability of a conversion after a click.", "点击之后的平均转化概率。"];
        /// Exponent of the popularity law.
        popularity: f32 = 0.8, Real { min: 0.0, max: 2.0, step: 0.1 },
            ["Popularity exponent", "流行度指数"],
            ["s in 1 / rank^s: 0 shows all items equally often, 1 gives a long tail.",
             "1 / 排名^s 中的 s：0 表示各物品曝光相同，1 形成长尾。"];
        /// Weight of the previous item in the choice of the next one.
        sequence: f32 = 0.5, Real { min: 0.0, max: 1.0, step: 0.05 },
            ["Weight of the previous item", "上一物品的权重"],
            ["m in (1 - m) P(next | user) + m P(next | previous item).",
             "(1 - m) P(下一物品 | 用户) + m P(下一物品 | 上一物品) 中的 m。"];
        /// Whether clicks on popular and on other items are tasks of their own.
        tail_tasks: bool = false, Flag,
            ["Popular and tail items as tasks", "热门与长尾分为两个任务"],
            ["Adds two labels: clicks on the most popular items, which make up half of the impressions, and clicks on all others.",
             "增加两个标签：最热门物品（占一半曝光）的点击，以及其余物品的点击。"];
        /// Share of binary labels that are flipped.
        label_noise: f32 = 0.0, Real { min: 0.0, max: 0.5, step: 0.01 },
            ["Label noise", "标签噪声"],
            ["Share of clicks and conversions that are recorded wrongly.", "被记录错误的点击与转化比例。"];
        /// Share of missing labels.
        missing: f32 = 0.0, Real { min: 0.0, max: 0.95, step: 0.05 },
            ["Missing labels", "缺失标签"],
            ["Share of missing labels, drawn independently for each label.", "缺失标签的比例，对每个标签独立抽取。"];
        /// Seed.
        seed: usize = 1, Int { min: 0, max: 4_294_967_295, step: 1 },
            ["Seed", "随机种子"], ["Same seed, same impressions.", "种子相同，数据相同。"];
    }
}

/// Description of the data set.
pub fn info() -> DatasetInfo {
    DatasetInfo {
        key: KEY.to_owned(),
        name: Message::new("Generated impressions", "模拟曝光日志"),
        description: Message::new(
            "Users see items, click and convert, simulated from latent preferences with known probabilities: click, conversion, \
             conversion after click (known only for clicks), next item and next user. Because the true probabilities \
             are known, a model can be compared with the optimum.",
            "用户看到物品、点击并转化，由隐含偏好按已知概率生成：点击、转化、点击后转化（仅点击时已知）、下一物品与下一用户。真实概率已知，因此可以把模型与理论最优比较。",
        ),
        language: Language::None,
        licence: "MIT OR Apache-2.0".to_owned(),
        attribution: Message::new("Made by MTL Playground.", "由 MTL Playground 生成。"),
        citation: None,
        source: None,
    }
}

/// Recommended settings for preparing the set.
pub fn recommended() -> DataSettings {
    DataSettings::default()
}

/// Logits per unit of affinity, and the larger scale of the softmaxes.
const LOGIT_SCALE: f32 = 1.5;
const SOFTMAX_SCALE: f32 = 3.0;

/// Generates the impressions.
pub fn generate(settings: &ImpressionSettings) -> Dataset {
    let seed = settings.seed as u64;
    let (rows, n_users, n_items) = (settings.rows, settings.users.max(1), settings.items.max(1));
    let k = settings.factors.max(1);
    let mut random = Random::stream(seed, "impressions/factors");
    let users = Factors::draw(n_users, k, &mut random);
    let items = Factors::draw(n_items, k, &mut random);
    let other = Factors::draw(n_items, k, &mut random);
    let agree = settings.correlation;
    let differ = (1.0 - agree * agree).max(0.0).sqrt();
    let purchase_items = Factors {
        k,
        values: items
            .values
            .iter()
            .zip(&other.values)
            .map(|(v, w)| agree * v + differ * w)
            .collect(),
    };
    let user_bias: Vec<f32> = (0..n_users).map(|_| 0.5 * random.normal()).collect();
    let item_bias: Vec<f32> = (0..n_items).map(|_| 0.5 * random.normal()).collect();

    // Ranks are assigned at random, so that the ID of an item is independent of its popularity.
    let mut ranks: Vec<usize> = (1..=n_items).collect();
    random.shuffle(&mut ranks);
    let popularity: Vec<f32> = ranks
        .iter()
        .map(|rank| exp(-settings.popularity * log(*rank as f32)))
        .collect();
    let shown = Cumulative::new(popularity.iter().copied());

    let mut random = Random::stream(seed, "impressions/rows");
    let mut user_ids = Vec::with_capacity(rows);
    let mut item_ids = Vec::with_capacity(rows);
    let mut previous_ids = Vec::with_capacity(rows);
    for _ in 0..rows {
        user_ids.push(random.below(n_users) as u32);
        item_ids.push(shown.at(random.uniform()) as u32);
        previous_ids.push(shown.at(random.uniform()) as u32);
    }

    let pairs = || {
        user_ids
            .iter()
            .zip(&item_ids)
            .map(|(user, item)| (*user as usize, *item as usize))
    };
    let click_logits: Vec<f32> = pairs()
        .map(|(u, i)| user_bias[u] + item_bias[i] + LOGIT_SCALE * users.affinity(u, &items, i))
        .collect();
    let purchase_logits: Vec<f32> = pairs()
        .map(|(u, i)| LOGIT_SCALE * users.affinity(u, &purchase_items, i))
        .collect();
    let p_click = with_mean(&click_logits, settings.click_rate, None);
    let p_purchase = with_mean(&purchase_logits, settings.purchase_rate, Some(&p_click));

    let mut draws = Random::stream(seed, "impressions/labels");
    let [mut click, mut conversion, mut purchase] = [const { Vec::new() }; 3];
    for row in 0..rows {
        let clicked = draws.uniform() < p_click[row];
        let bought = draws.uniform() < p_purchase[row];
        let mut label = |value: bool, known: bool| {
            let flipped = draws.uniform() < settings.label_noise;
            let missing = draws.uniform() < settings.missing;
            if missing || !known {
                f32::NAN
            } else {
                f32::from(u8::from(value != flipped))
            }
        };
        click.push(label(clicked, true));
        conversion.push(label(clicked && bought, true));
        purchase.push(label(bought, clicked));
    }
    let p_conversion: Vec<f32> = p_click
        .iter()
        .zip(&p_purchase)
        .map(|(click, buy)| click * buy)
        .collect();

    let by_user = Choice {
        from: &users,
        to: &items,
        weights: Some(&popularity),
        exclude_self: false,
    };
    let by_item = Choice {
        from: &items,
        to: &items,
        weights: None,
        exclude_self: true,
    };
    let (next_item, p_next_item) = mixture(
        settings.sequence,
        [(&by_user, &user_ids), (&by_item, &previous_ids)],
        &mut draws,
    );
    let by_audience = Choice {
        from: &items,
        to: &users,
        weights: None,
        exclude_self: false,
    };
    let (next_user, p_next_user) = mixture(
        0.0,
        [(&by_audience, &item_ids), (&by_audience, &item_ids)],
        &mut draws,
    );
    let mut mask = |classes: Vec<u32>| -> Vec<f32> {
        let known = |class| {
            if draws.uniform() < settings.missing {
                f32::NAN
            } else {
                class as f32
            }
        };
        classes.into_iter().map(known).collect()
    };
    let (next_item, next_user) = (mask(next_item), mask(next_user));

    let id = |key: &str, name: Message, cardinality, ids| Feature {
        key: key.to_owned(),
        name,
        column: Column::Id(IdColumn {
            cardinality,
            ids,
            names: vec![],
        }),
    };
    let binary = |key: &str, name: Message, values| LabelColumn {
        key: key.to_owned(),
        name,
        kind: LabelKind::Binary,
        classes: vec![Message::new("no", "否"), Message::new("yes", "是")],
        values,
        next: None,
    };
    let classes = |key: &str, name: Message, n_classes, values| LabelColumn {
        key: key.to_owned(),
        name,
        kind: LabelKind::Classes { n_classes },
        classes: vec![],
        values,
        next: None,
    };
    let truth = |label: &str, values, flipped| TruthColumn {
        label: label.to_owned(),
        values,
        flipped,
    };
    let noise = settings.label_noise;
    let mut labels = vec![
        binary("click", Message::new("Click", "点击"), click),
        binary("conversion", Message::new("Conversion", "转化"), conversion),
        binary(
            "purchase",
            Message::new("Conversion after click", "点击后转化"),
            purchase,
        ),
        classes(
            "next_item",
            Message::new("Next item", "下一物品"),
            n_items,
            next_item,
        ),
        classes(
            "next_user",
            Message::new("Next user", "下一用户"),
            n_users,
            next_user,
        ),
    ];
    let mut truths = vec![
        truth("click", p_click, noise),
        truth("conversion", p_conversion, noise),
        truth("purchase", p_purchase, noise),
        truth("next_item", p_next_item, 0.0),
        truth("next_user", p_next_user, 0.0),
    ];
    if settings.tail_tasks {
        let is_popular = popular_half(&popularity);
        for (key, name, popular) in [
            (
                "click_popular",
                Message::new("Click on a popular item", "热门物品点击"),
                true,
            ),
            (
                "click_tail",
                Message::new("Click on a tail item", "长尾物品点击"),
                false,
            ),
        ] {
            let of_row = item_ids.iter().zip(&labels[0].values);
            let values = of_row.map(|(item, click)| match is_popular[*item as usize] == popular {
                true => *click,
                false => f32::NAN,
            });
            let values = values.collect();
            labels.push(binary(key, name, values));
            truths.push(truth(key, truths[0].values.clone(), noise));
        }
    }
    Dataset {
        info: info(),
        features: vec![
            id("user", Message::new("User", "用户"), n_users, user_ids),
            id("item", Message::new("Item", "物品"), n_items, item_ids),
            id(
                "previous",
                Message::new("Previous item", "上一物品"),
                n_items,
                previous_ids,
            ),
        ],
        labels,
        truth: truths,
    }
}

/// The most popular items that together make up half of all impressions.
fn popular_half(popularity: &[f32]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..popularity.len()).collect();
    order.sort_by(|a, b| popularity[*b].total_cmp(&popularity[*a]));
    let half = 0.5 * popularity.iter().map(|p| f64::from(*p)).sum::<f64>();
    let mut is_popular = vec![false; popularity.len()];
    let mut sum = 0.0;
    for item in order {
        if sum >= half {
            break;
        }
        sum += f64::from(popularity[item]);
        is_popular[item] = true;
    }
    is_popular
}

/// `n` vectors of `k` standard normal values.
struct Factors {
    k: usize,
    values: Vec<f32>,
}

impl Factors {
    fn draw(n: usize, k: usize, random: &mut Random) -> Self {
        Self {
            k,
            values: (0..n * k).map(|_| random.normal()).collect(),
        }
    }

    fn n(&self) -> usize {
        self.values.len() / self.k
    }

    /// Dot product over `sqrt(k)`.
    fn affinity(&self, row: usize, other: &Self, column: usize) -> f32 {
        let a = &self.values[row * self.k..(row + 1) * self.k];
        let b = &other.values[column * self.k..(column + 1) * self.k];
        a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>() / (self.k as f32).sqrt()
    }
}

/// A discrete distribution, sampled by inversion.
struct Cumulative {
    sums: Vec<f64>,
}

impl Cumulative {
    fn new(weights: impl Iterator<Item = f32>) -> Self {
        let mut total = 0.0_f64;
        Self {
            sums: weights
                .map(|weight| {
                    total += f64::from(weight);
                    total
                })
                .collect(),
        }
    }

    fn total(&self) -> f64 {
        self.sums.last().copied().unwrap_or(0.0)
    }

    /// The index at quantile `q` in `[0, 1)`.
    fn at(&self, q: f32) -> usize {
        let target = f64::from(q) * self.total();
        self.sums
            .partition_point(|sum| *sum <= target)
            .min(self.sums.len().saturating_sub(1))
    }
}

/// `P(to | from) ~ weight exp(3 affinity)`.
struct Choice<'a> {
    from: &'a Factors,
    to: &'a Factors,
    weights: Option<&'a [f32]>,
    /// No item follows itself.
    exclude_self: bool,
}

impl Choice<'_> {
    fn weight(&self, from: usize, to: usize) -> f32 {
        if self.exclude_self && from == to && self.to.n() > 1 {
            return 0.0;
        }
        self.weights.map_or(1.0, |weights| weights[to])
            * exp(SOFTMAX_SCALE * self.from.affinity(from, self.to, to))
    }

    fn distribution(&self, from: usize) -> Cumulative {
        Cumulative::new((0..self.to.n()).map(|to| self.weight(from, to)))
    }
}

/// Draws one class per row from `(1 - m) P0(. | k0) + m P1(. | k1)`, and returns the probability of each drawn class.
///
/// Rows are grouped by key, so that each distribution is computed once and none is stored.
fn mixture(m: f32, parts: [(&Choice<'_>, &[u32]); 2], random: &mut Random) -> (Vec<u32>, Vec<f32>) {
    let rows = parts[0].1.len();
    let draws: Vec<(usize, f32)> = (0..rows)
        .map(|_| (usize::from(random.uniform() < m), random.uniform()))
        .collect();
    let mut classes = vec![0_u32; rows];
    let mut probabilities = vec![0.0_f32; rows];
    let mut totals = [vec![0.0_f64; rows], vec![0.0_f64; rows]];
    for (part, (choice, keys)) in parts.into_iter().enumerate() {
        let key = |row: u32| keys[row as usize];
        let mut order: Vec<u32> = (0..rows as u32).collect();
        order.sort_by_key(|row| key(*row));
        for group in order.chunk_by(|a, b| key(*a) == key(*b)) {
            let distribution = choice.distribution(key(group[0]) as usize);
            for row in group.iter().map(|row| *row as usize) {
                totals[part][row] = distribution.total();
                if draws[row].0 == part {
                    classes[row] = distribution.at(draws[row].1) as u32;
                }
            }
        }
    }
    for (part, (choice, keys)) in parts.into_iter().enumerate() {
        let share = if part == 0 { 1.0 - m } else { m };
        for row in 0..rows {
            let weight = choice.weight(keys[row] as usize, classes[row] as usize);
            probabilities[row] += share * (f64::from(weight) / totals[part][row]) as f32;
        }
    }
    // Rounding can make a sum slightly larger than 1.
    probabilities.iter_mut().for_each(|p| *p = p.min(1.0));
    (classes, probabilities)
}

/// `sigmoid(c + logit)` with `c` such that the (weighted) mean is `rate`, by bisection.
fn with_mean(logits: &[f32], rate: f32, weights: Option<&[f32]>) -> Vec<f32> {
    let mean = |c: f32| {
        let weight = |row: usize| weights.map_or(1.0, |weights| f64::from(weights[row]));
        let (sum, total) = logits
            .iter()
            .enumerate()
            .fold((0.0, 0.0), |(sum, total), (row, logit)| {
                (
                    sum + weight(row) * f64::from(sigmoid(c + logit)),
                    total + weight(row),
                )
            });
        sum / total
    };
    let (mut low, mut high) = (-30.0_f32, 30.0_f32);
    for _ in 0..30 {
        let middle = 0.5 * (low + high);
        if mean(middle) < f64::from(rate) {
            low = middle
        } else {
            high = middle
        }
    }
    logits.iter().map(|logit| sigmoid(low + logit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth<'a>(dataset: &'a Dataset, key: &str) -> &'a [f32] {
        &dataset
            .truth
            .iter()
            .find(|truth| truth.label == key)
            .unwrap()
            .values
    }

    fn mean(values: impl Iterator<Item = f32>) -> f32 {
        let (sum, n) = values.fold((0.0_f64, 0_u32), |(sum, n), value| {
            (sum + f64::from(value), n + 1)
        });
        (sum / f64::from(n)) as f32
    }

    #[test]
    fn labels_follow_their_known_probabilities() {
        let settings = ImpressionSettings {
            rows: 40_000,
            ..Default::default()
        };
        let dataset = generate(&settings);
        dataset.check().unwrap();
        for key in ["click", "conversion", "purchase"] {
            let values = &dataset.label(key).unwrap().values;
            let truth = truth(&dataset, key);
            // Calibrated in every fifth of the probabilities, within four standard errors.
            for bin in 0..5 {
                let inside = |p: f32| (p * 5.0) as usize == bin;
                let known: Vec<usize> = (0..values.len())
                    .filter(|row| !values[*row].is_nan() && inside(truth[*row]))
                    .collect();
                if known.len() < 200 {
                    continue;
                }
                let expected = mean(known.iter().map(|row| truth[*row]));
                let got = mean(known.iter().map(|row| values[*row]));
                let error = (expected * (1.0 - expected) / known.len() as f32).sqrt();
                assert!(
                    (expected - got).abs() < 4.0 * error,
                    "{key} {bin}: {expected} {got}"
                );
            }
        }
        assert!((mean(truth(&dataset, "click").iter().copied()) - 0.3).abs() < 1e-3);
        let click = &dataset.label("click").unwrap().values;
        let purchase = &dataset.label("purchase").unwrap().values;
        assert!(
            click
                .iter()
                .zip(purchase)
                .all(|(click, purchase)| (*click == 1.0) != purchase.is_nan())
        );
    }

    /// With few classes the frequency of each next item is its mean probability.
    #[test]
    fn next_items_are_drawn_from_the_mixture() {
        let settings = ImpressionSettings {
            rows: 30_000,
            users: 3,
            items: 6,
            ..Default::default()
        };
        let dataset = generate(&settings);
        let classes = &dataset.label("next_item").unwrap().values;
        let probabilities = truth(&dataset, "next_item");
        let (Column::Id(users), Column::Id(previous)) =
            (&dataset.features[0].column, &dataset.features[2].column)
        else {
            panic!("both are ids")
        };
        // P(class | user, previous) is one number per cell: compare it with the share of rows.
        let mut cells = std::collections::BTreeMap::<(u32, u32), Vec<usize>>::new();
        for row in 0..classes.len() {
            cells
                .entry((users.ids[row], previous.ids[row]))
                .or_default()
                .push(row);
        }
        for rows in cells.values().filter(|rows| rows.len() > 500) {
            let mut by_class = std::collections::BTreeMap::<u32, (usize, f32)>::new();
            for row in rows {
                let entry = by_class.entry(classes[*row] as u32).or_default();
                entry.0 += 1;
                entry.1 = probabilities[*row];
            }
            for (count, p) in by_class.values() {
                let share = *count as f32 / rows.len() as f32;
                assert!(
                    (share - p).abs() < 4.5 * (p / rows.len() as f32).sqrt() + 1e-3,
                    "{share} {p}"
                );
            }
            let total: f32 = by_class.values().map(|(_, p)| p).sum();
            assert!(total <= 1.001, "{total}");
        }
    }

    #[test]
    fn popular_and_tail_items_are_two_tasks_when_asked_for() {
        let plain = generate(&ImpressionSettings::default());
        let both = generate(&ImpressionSettings {
            tail_tasks: true,
            ..Default::default()
        });
        both.check().unwrap();
        assert_eq!(plain.labels[..], both.labels[..5]);
        assert_eq!(plain.truth[..], both.truth[..5]);
        let of = |key: &str| &both.label(key).unwrap().values;
        let (click, popular, tail) = (of("click"), of("click_popular"), of("click_tail"));
        let mut n_popular = 0;
        for row in 0..click.len() {
            let known = if popular[row].is_nan() {
                tail[row]
            } else {
                popular[row]
            };
            assert!(popular[row].is_nan() != tail[row].is_nan());
            assert_eq!(known, click[row]);
            n_popular += usize::from(!popular[row].is_nan());
        }
        let share = n_popular as f64 / click.len() as f64;
        assert!((share - 0.5).abs() < 0.03, "{share}");
        let Column::Id(items) = &both.features[1].column else {
            panic!("items are ids")
        };
        let distinct = |values: &[f32]| {
            let of_rows = items.ids.iter().zip(values).filter(|(_, value)| !value.is_nan());
            of_rows
                .map(|(id, _)| id)
                .collect::<std::collections::BTreeSet<_>>()
                .len()
        };
        assert!(distinct(tail) > 3 * distinct(popular));
    }

    /// With a correlation of -1, preferences for clicks are opposite to those for purchases.
    #[test]
    fn opposed_tastes_have_opposed_truths() {
        let correlation_of = |correlation| {
            let dataset = generate(&ImpressionSettings {
                correlation,
                ..Default::default()
            });
            let [a, b] = ["click", "purchase"].map(|key| truth(&dataset, key));
            let (ma, mb) = (mean(a.iter().copied()), mean(b.iter().copied()));
            let sum = |f: fn(f32, f32) -> f32| {
                a.iter()
                    .zip(b)
                    .map(|(a, b)| f64::from(f(a - ma, b - mb)))
                    .sum::<f64>()
            };
            sum(|a, b| a * b) / (sum(|a, _| a * a) * sum(|_, b| b * b)).sqrt()
        };
        let [opposed, unrelated, same] = [-1.0, 0.0, 1.0].map(correlation_of);
        assert!(
            opposed < -0.7 && unrelated.abs() < 0.1 && same > 0.7,
            "{opposed} {unrelated} {same}"
        );
    }

    #[test]
    fn popularity_has_a_long_tail() {
        let counts = |popularity| {
            let dataset = generate(&ImpressionSettings {
                popularity,
                items: 100,
                ..Default::default()
            });
            let Column::Id(items) = &dataset.features[1].column else {
                panic!("items are ids")
            };
            let mut counts = vec![0_usize; 100];
            items.ids.iter().for_each(|id| counts[*id as usize] += 1);
            counts.sort_unstable();
            counts
        };
        let (flat, tail) = (counts(0.0), counts(1.0));
        assert!(flat[0] > 120 && flat[99] < 290, "{flat:?}");
        assert!(tail[0] < 80 && tail[99] > 3_000, "{tail:?}");
    }
}
