//! Generated reviews in English and Chinese: four domains, three sentiments, and knobs that real data does not have.
//!
//! A review is an opening, one to three sentences of clauses, and a closing, from a grammar of templates in
//! `words/`. Domain `d` is uniform, and sentiment `s` follows it with
//!
//! `P(s | d) = (1 - c) / 3 + c [s = d mod 3]`
//!
//! so that the correlation `c` of the two tasks runs from 0 (independent) to 1 (one follows from the other). Each
//! clause takes a polarity from a distribution that leans to `s`; `stars` is real,
//! `3 + 2 (positive - negative) / clauses`. `remarks` says which of five things the review holds: praise, a complaint, a
//! middling remark, background (the opening), a verdict (the closing). Noise replaces a class, or one of the five, by a uniform
//! one; missing labels are NaN, each label on its own (the five together). Same settings, same bytes, on every machine.
//!
//! ```
//! use mtl_data::datasets::generated_reviews::{ReviewSettings, generate};
//!
//! let dataset = generate(&ReviewSettings { rows: 300, label_noise: 0.1, ..Default::default() });
//! assert_eq!(dataset.n_rows(), 300);
//! assert_eq!(dataset, generate(&ReviewSettings { rows: 300, label_noise: 0.1, ..Default::default() }));
//! ```

mod words;

use mtl_base::schema::LabelKind;
use mtl_base::text::{Message, Text};

use crate::dataset::{Column, Dataset, DatasetInfo, Feature, LabelColumn, Language, TextColumn};
use crate::settings::DataSettings;
use mtl_kernels::random::Random;

/// Stable name.
pub const KEY: &str = "generated-reviews";

/// Names of the domains, by class.
pub const DOMAINS: [Text; 4] = [
    Text::new("phone", "手机"),
    Text::new("hotel", "酒店"),
    Text::new("book", "图书"),
    Text::new("restaurant", "餐厅"),
];
/// Names of the sentiments, by class.
pub const SENTIMENTS: [Text; 3] = [
    Text::new("negative", "负面"),
    Text::new("neutral", "中性"),
    Text::new("positive", "正面"),
];

/// What a review may hold, by label of `remarks`: a clause of each polarity, an opening, a closing.
pub const REMARKS: [Text; 5] = [
    Text::new("complaint", "批评"),
    Text::new("middling remark", "一般评价"),
    Text::new("praise", "赞扬"),
    Text::new("background", "背景"),
    Text::new("verdict", "总评"),
];

mtl_base::choice! {
    /// Languages of the reviews.
    pub enum ReviewLanguage {
        /// English.
        English = "english", ["English", "英文"];
        /// Chinese.
        Chinese = "chinese", ["Chinese", "中文"];
        /// Half English, half Chinese.
        Mixed = "mixed", ["Both", "中英混合"];
    }
}

mtl_base::settings! {
    /// Settings of the review generator.
    pub struct ReviewSettings {
        /// Number of reviews.
        rows: usize = 6_000, Int { min: 100, max: 100_000, step: 1_000 },
            ["Reviews", "评论数"], ["Number of generated reviews.", "生成的评论数量。"];
        /// Language of the reviews.
        language: ReviewLanguage = ReviewLanguage::English, Choice { options: ReviewLanguage::OPTIONS },
            ["Language", "语言"], ["Language of the reviews.", "评论的语言。"];
        /// Correlation of domain and sentiment.
        correlation: f32 = 0.2, Real { min: 0.0, max: 1.0, step: 0.05 },
            ["Task correlation", "任务相关度"],
            ["c in P(s | d) = (1 - c) / 3 + c [s = d mod 3]: 0 makes domain and sentiment independent, 1 makes one follow from the other.",
             "P(s | d) = (1 - c) / 3 + c [s = d mod 3] 中的 c：0 表示领域与情感相互独立，1 表示由领域即可得知情感。"];
        /// Share of class labels that are replaced by a random class.
        label_noise: f32 = 0.02, Real { min: 0.0, max: 0.9, step: 0.01 },
            ["Label noise", "标签噪声"],
            ["Share of class labels replaced by a uniformly drawn class.", "被均匀抽取的类别替换的类别标签比例。"];
        /// Share of missing labels.
        missing: f32 = 0.0, Real { min: 0.0, max: 0.95, step: 0.05 },
            ["Missing labels", "缺失标签"],
            ["Share of labels that are not known, drawn for each label on its own.", "未知标签的比例，对每个标签独立抽取。"];
        /// Seed.
        seed: usize = 1, Int { min: 0, max: 4_294_967_295, step: 1 },
            ["Seed", "随机种子"], ["Same seed, same reviews.", "种子相同，评论相同。"];
    }
}

/// What the set is.
pub fn info() -> DatasetInfo {
    DatasetInfo {
        key: KEY.to_owned(),
        name: Message::new("Generated reviews", "生成的评论"),
        description: Message::new(
            "Reviews of phones, hotels, books and restaurants written by a grammar, in English or Chinese. Task \
             correlation, label noise and missing labels are yours to set, so that what multi-task learning gains or \
             loses can be seen.",
            "由语法生成的手机、酒店、图书、餐厅评论，英文或中文。任务相关度、标签噪声和缺失标签均可设置，便于观察多任务学习的得失。",
        ),
        language: Language::Mixed,
        licence: "MIT OR Apache-2.0".to_owned(),
        attribution: Message::new("Made by MTL Playground.", "由 MTL Playground 生成。"),
        citation: None,
        source: None,
    }
}

/// Recommended settings for preparing the set.
pub fn recommended() -> DataSettings {
    DataSettings {
        max_tokens: 48,
        ..DataSettings::default()
    }
}

/// Makes the reviews.
pub fn generate(settings: &ReviewSettings) -> Dataset {
    let seed = settings.seed as u64;
    let mut random = Random::stream(seed, "reviews");
    let mut noise = Random::stream(seed, "reviews/labels");
    let mut remark_noise = Random::stream(seed, "reviews/remarks");
    let mut texts = TextColumn::default();
    let [mut domains, mut sentiments, mut stars, mut remarks] = [const { Vec::new() }; 4];
    let mut text = String::new();
    for _ in 0..settings.rows {
        let domain = random.below(DOMAINS.len());
        let sentiment = if random.uniform() < settings.correlation {
            domain % SENTIMENTS.len()
        } else {
            random.below(SENTIMENTS.len())
        };
        let english = match settings.language {
            ReviewLanguage::English => true,
            ReviewLanguage::Chinese => false,
            ReviewLanguage::Mixed => random.uniform() < 0.5,
        };
        let language = if english { &words::ENGLISH } else { &words::CHINESE };
        text.clear();
        let said = Writer {
            language,
            domain,
            random: &mut random,
            out: &mut text,
        }
        .review(sentiment);
        texts.push(&text);
        let mut class = |class: usize, n_classes: usize| {
            let replaced = if noise.uniform() < settings.label_noise {
                noise.below(n_classes)
            } else {
                class
            };
            if noise.uniform() < settings.missing {
                f32::NAN
            } else {
                replaced as f32
            }
        };
        domains.push(class(domain, DOMAINS.len()));
        sentiments.push(class(sentiment, SENTIMENTS.len()));
        let value = 3.0 + 2.0 * said.balance;
        stars.push(if noise.uniform() < settings.missing {
            f32::NAN
        } else {
            value
        });
        let is_missing = remark_noise.uniform() < settings.missing;
        remarks.extend(said.remarks.map(|remark| {
            let replaced = remark_noise.uniform() < settings.label_noise;
            let remark = if replaced {
                remark_noise.below(2) == 1
            } else {
                remark
            };
            if is_missing {
                f32::NAN
            } else {
                f32::from(u8::from(remark))
            }
        }));
    }
    let language = match settings.language {
        ReviewLanguage::English => Language::English,
        ReviewLanguage::Chinese => Language::Chinese,
        ReviewLanguage::Mixed => Language::Mixed,
    };
    Dataset {
        info: DatasetInfo { language, ..info() },
        features: vec![Feature {
            key: "text".to_owned(),
            name: Message::new("Review", "评论"),
            column: Column::Text(texts),
        }],
        labels: vec![
            LabelColumn {
                key: "domain".to_owned(),
                name: Message::new("Domain", "领域"),
                kind: LabelKind::Classes {
                    n_classes: DOMAINS.len(),
                },
                classes: DOMAINS.map(Message::from).to_vec(),
                values: domains,
                next: None,
            },
            LabelColumn {
                key: "sentiment".to_owned(),
                name: Message::new("Sentiment", "情感"),
                kind: LabelKind::Classes {
                    n_classes: SENTIMENTS.len(),
                },
                classes: SENTIMENTS.map(Message::from).to_vec(),
                values: sentiments,
                next: None,
            },
            LabelColumn {
                key: "stars".to_owned(),
                name: Message::new("Stars (1 to 5)", "星级（1 到 5）"),
                kind: LabelKind::Real,
                classes: vec![],
                values: stars,
                next: None,
            },
            LabelColumn {
                key: "remarks".to_owned(),
                name: Message::new("What it holds", "评论内容"),
                kind: LabelKind::MultiLabel {
                    n_labels: REMARKS.len(),
                },
                classes: REMARKS.map(Message::from).to_vec(),
                values: remarks,
                next: None,
            },
        ],
        truth: vec![],
    }
}

const NEGATIVE: usize = 0;
const POSITIVE: usize = 2;

/// Chances of a negative and of a neutral clause in a review of each sentiment; the rest is positive.
const CLAUSE_POLARITY: [[f32; 2]; 3] = [[0.82, 0.12], [0.18, 0.64], [0.06, 0.12]];

/// What a review says.
struct Said {
    /// (positive - negative) / clauses.
    balance: f32,
    /// Which of [`REMARKS`] it holds.
    remarks: [bool; 5],
}

struct Writer<'a> {
    language: &'static words::Language,
    domain: usize,
    random: &'a mut Random,
    out: &'a mut String,
}

impl Writer<'_> {
    /// Writes a review.
    fn review(mut self, sentiment: usize) -> Said {
        let start = self.out.len();
        let domain = &self.language.domains[self.domain];
        let has_opening = self.chance(0.55);
        if has_opening {
            let opening = self.pick(domain.openings);
            self.out.push_str(opening);
            self.stop(true);
        }
        let mut counts = [0_u8; 3];
        for _ in 0..=self.random.below(3) {
            let first = self.polarity(sentiment);
            counts[first] += 1;
            let sentence_start = self.out.len();
            self.clause(first);
            if self.chance(0.45) {
                let second = self.polarity(sentiment);
                counts[second] += 1;
                let joint = if first == second {
                    self.language.and
                } else {
                    self.language.but
                };
                let joint = self.pick(joint);
                self.out.push_str(joint);
                self.clause(second);
            }
            capitalize(self.out, sentence_start);
            self.stop(false);
        }
        let has_closing = self.chance(0.4);
        if has_closing {
            let closing = self.pick(self.language.closings[sentiment]);
            self.out.push_str(closing);
            self.stop(false);
        }
        let trimmed = self.out.trim_end().len();
        self.out.truncate(trimmed.max(start));
        let n_clauses = counts.iter().sum::<u8>();
        let [complaints, middling, praises] = counts.map(|count| count > 0);
        Said {
            balance: (f32::from(counts[POSITIVE]) - f32::from(counts[NEGATIVE]))
                / f32::from(n_clauses.max(1)),
            remarks: [complaints, middling, praises, has_opening, has_closing],
        }
    }

    fn polarity(&mut self, sentiment: usize) -> usize {
        let [negative, neutral] = CLAUSE_POLARITY[sentiment];
        let drawn = self.random.uniform();
        if drawn < negative {
            NEGATIVE
        } else if drawn < negative + neutral {
            1
        } else {
            POSITIVE
        }
    }

    fn clause(&mut self, polarity: usize) {
        let drawn = self.random.uniform();
        let language = self.language;
        let template = if drawn < 0.4 {
            self.pick(language.domains[self.domain].clauses[polarity])
        } else if drawn < 0.8 {
            self.pick(language.plain[polarity])
        } else {
            self.pick(language.negated[polarity])
        };
        let aspect = self.pick(language.domains[self.domain].aspects);
        let (aspect, verb) = match aspect.strip_suffix('+') {
            Some(plural) => (plural, "are"),
            None => (aspect, "is"),
        };
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            self.out.push_str(before);
            let Some((slot, after)) = after.split_once('}') else {
                break;
            };
            let word = match slot {
                "a" => aspect,
                "v" => verb,
                "i" => self.pick(language.intensifiers),
                "b" => self.pick(language.adjectives[NEGATIVE]),
                "m" => self.pick(language.adjectives[1]),
                _ => self.pick(language.adjectives[POSITIVE]),
            };
            self.out.push_str(word);
            rest = after;
        }
        self.out.push_str(rest);
    }

    fn stop(&mut self, plain: bool) {
        let stop = if plain {
            self.language.stops[0]
        } else {
            self.pick(self.language.stops)
        };
        self.out.push_str(stop);
        self.out.push_str(self.language.space);
    }

    fn chance(&mut self, share: f32) -> bool {
        self.random.uniform() < share
    }

    fn pick(&mut self, words: &'static [&'static str]) -> &'static str {
        words[self.random.below(words.len())]
    }
}

fn capitalize(text: &mut String, start: usize) {
    if let Some(first) = text[start..].chars().next().filter(char::is_ascii_lowercase) {
        text.replace_range(start..start + 1, &first.to_ascii_uppercase().to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::tokenize;

    fn labels<'a>(dataset: &'a Dataset, key: &str) -> &'a [f32] {
        &dataset.label(key).unwrap().values
    }

    fn text(dataset: &Dataset, row: usize) -> &str {
        match &dataset.features[0].column {
            Column::Text(texts) => texts.get(row),
            _ => panic!("the first feature is a text"),
        }
    }

    #[test]
    fn every_template_is_filled_in_every_language() {
        for language in [
            ReviewLanguage::English,
            ReviewLanguage::Chinese,
            ReviewLanguage::Mixed,
        ] {
            let dataset = generate(&ReviewSettings {
                rows: 3_000,
                language,
                ..Default::default()
            });
            dataset.check().unwrap();
            let mut distinct = std::collections::BTreeSet::new();
            for row in 0..dataset.n_rows() {
                let text = text(&dataset, row);
                assert!(!text.contains(['{', '}', '+']) && !text.contains("  "), "{text}");
                assert!(text.ends_with(['.', '!', '。', '！']), "{text}");
                assert!(tokenize(text).count() >= 2, "{text}");
                distinct.insert(text.to_owned());
            }
            assert!(distinct.len() > 2_700, "{} distinct texts", distinct.len());
        }
    }

    /// Correlation, noise and missing shares are what was asked for, within four standard errors.
    #[test]
    fn the_knobs_do_what_they_say() {
        let rows = 20_000;
        for correlation in [0.0, 0.5, 1.0] {
            let settings = ReviewSettings {
                rows,
                correlation,
                label_noise: 0.0,
                ..Default::default()
            };
            let dataset = generate(&settings);
            let (domains, sentiments) = (labels(&dataset, "domain"), labels(&dataset, "sentiment"));
            let follows = domains
                .iter()
                .zip(sentiments)
                .filter(|(d, s)| **d % 3.0 == **s)
                .count();
            let share = follows as f32 / rows as f32;
            assert!(
                (share - (correlation + (1.0 - correlation) / 3.0)).abs() < 0.014,
                "{correlation} {share}"
            );
        }
        let clean = generate(&ReviewSettings {
            rows,
            label_noise: 0.0,
            ..Default::default()
        });
        let noisy = generate(&ReviewSettings {
            rows,
            label_noise: 0.4,
            missing: 0.25,
            ..Default::default()
        });
        assert_eq!(text(&clean, 17), text(&noisy, 17));
        let (clean, noisy) = (labels(&clean, "sentiment"), labels(&noisy, "sentiment"));
        let missing = noisy.iter().filter(|value| value.is_nan()).count();
        assert!((missing as f32 / rows as f32 - 0.25).abs() < 0.013, "{missing}");
        let known = (rows - missing) as f32;
        let changed = clean
            .iter()
            .zip(noisy)
            .filter(|(a, b)| !b.is_nan() && a != b)
            .count();
        assert!(
            (changed as f32 / known - 0.4 * 2.0 / 3.0).abs() < 0.015,
            "{changed}"
        );
    }

    #[test]
    fn stars_follow_sentiment_and_seeds_differ() {
        let dataset = generate(&ReviewSettings {
            label_noise: 0.0,
            ..Default::default()
        });
        let (sentiments, stars) = (labels(&dataset, "sentiment"), labels(&dataset, "stars"));
        let mean = |sentiment: f32| {
            let of: Vec<f32> = sentiments
                .iter()
                .zip(stars)
                .filter(|(s, _)| **s == sentiment)
                .map(|(_, v)| *v)
                .collect();
            of.iter().sum::<f32>() / of.len() as f32
        };
        assert!(mean(0.0) < 1.8 && (mean(1.0) - 3.0).abs() < 0.1 && mean(2.0) > 4.2);
        assert!(stars.iter().all(|value| (1.0..=5.0).contains(value)));
        // One star is what nothing but complaints give.
        for (remarks, stars) in labels(&dataset, "remarks").chunks_exact(REMARKS.len()).zip(stars) {
            let [complaint, middling, praise] = [0, 1, 2].map(|remark| remarks[remark] == 1.0);
            assert!(complaint || middling || praise);
            assert_eq!(complaint && !middling && !praise, *stars == 1.0);
            assert_eq!(praise && !middling && !complaint, *stars == 5.0);
        }
        let other = generate(&ReviewSettings {
            seed: 2,
            ..Default::default()
        });
        assert_ne!(text(&dataset, 0), text(&other, 0));
    }
}
