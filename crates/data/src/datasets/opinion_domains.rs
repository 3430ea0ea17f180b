//! `opinion-domains`: 23,703 short English texts of four kinds, each rated for sentiment by at least twenty people.
//!
//! Raw: four files of lines `id TAB mean TAB text`. Labels: `domain` (4 classes), `sentiment` (3 classes: the mean
//! rating below -0.5, between, above 0.5), `intensity` (the mean rating itself, -4 to 4).

use mtl_base::text::Message;

use super::raw::{RawError, classes, expect_counts, real};
use crate::dataset::{Column, Dataset, DatasetInfo, Feature, Language, Source, TextColumn};
use crate::settings::DataSettings;

/// Key of the data set.
pub const KEY: &str = "opinion-domains";
/// Files in the archive, by class of `domain`.
pub const FILES: [&str; 4] = [
    "tweets_GroundTruth.txt",
    "amazonReviewSnippets_GroundTruth.txt",
    "movieReviewSnippets_GroundTruth.txt",
    "nytEditorialSnippets_GroundTruth.txt",
];
/// Mean ratings within this distance of 0 are neutral.
pub const NEUTRAL: f32 = 0.5;

const ROWS: usize = 23_703;
const COUNTS: &[(&str, &[usize])] = &[("domain", &[4_200, 3_708, 10_605, 5_190])];

/// Description of the data set.
pub fn info() -> DatasetInfo {
    DatasetInfo {
        key: KEY.to_owned(),
        name: Message::new("Opinions from four domains", "四个领域的观点"),
        description: Message::new(
            "23,703 English tweets, product and film review snippets and newspaper editorial snippets, each rated from \
             -4 (most negative) to 4 (most positive) by at least twenty people. Tasks: domain, sentiment, intensity.",
            "23,703 条英文文本：推文、商品评论、电影评论和报纸社论的片段，每条由至少二十人评分，从 -4（最负面）到 4（最正面）。任务：领域、情感、强度。",
        ),
        language: Language::English,
        licence: "MIT".to_owned(),
        attribution: Message::new(
            "Texts and ratings: C.J. Hutto and Eric Gilbert, published with VADER.",
            "文本与评分：C.J. Hutto 与 Eric Gilbert，随 VADER 发布。",
        ),
        citation: Some(
            "Hutto, C.J. & Gilbert, E.E. (2014). VADER: A Parsimonious Rule-based Model for Sentiment Analysis of \
             Social Media Text. Eighth International Conference on Weblogs and Social Media (ICWSM-14)."
                .to_owned(),
        ),
        source: Some(Source {
            package: "vaderSentiment".to_owned(),
            version: "3.3.2".to_owned(),
            path: "additional_resources/hutto_ICWSM_2014.tar.gz".to_owned(),
        }),
    }
}

/// Recommended settings for preparing the set.
pub fn recommended() -> DataSettings {
    DataSettings {
        // Nearly all texts are shorter, and the long tail of the vocabulary pays here.
        max_tokens: 40,
        vocabulary_size: 16_000,
        ..DataSettings::default()
    }
}

/// Reads the texts of [`FILES`], in that order, and checks the published counts.
pub fn parse(files: [&str; 4]) -> Result<Dataset, RawError> {
    expect_counts(read(files)?, ROWS, COUNTS)
}

fn read(files: [&str; 4]) -> Result<Dataset, RawError> {
    let mut texts = TextColumn::default();
    let [mut domains, mut sentiments, mut intensities] = [const { Vec::new() }; 3];
    for (domain, (file, name)) in files.into_iter().zip(FILES).enumerate() {
        for (line_idx, line) in file.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
            let bad = |expected| RawError::Line {
                file: name,
                line: line_idx + 1,
                expected,
                got: line.chars().take(80).collect(),
            };
            let mut parts = line.splitn(3, '\t');
            let (Some(_), Some(mean), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(bad("id TAB mean TAB text"));
            };
            let mean: f32 = mean.trim().parse().map_err(|_| bad("a mean rating"))?;
            texts.push(text.trim());
            domains.push(domain as f32);
            sentiments.push(if mean < -NEUTRAL {
                0.0
            } else if mean > NEUTRAL {
                2.0
            } else {
                1.0
            });
            intensities.push(mean);
        }
    }
    Ok(Dataset {
        info: info(),
        features: vec![Feature {
            key: "text".to_owned(),
            name: Message::new("Text", "文本"),
            column: Column::Text(texts),
        }],
        labels: vec![
            classes(
                "domain",
                Message::new("Domain", "领域"),
                &[
                    ("tweet", "推文"),
                    ("product", "商品"),
                    ("film", "电影"),
                    ("editorial", "社论"),
                ],
                domains,
            ),
            classes(
                "sentiment",
                Message::new("Sentiment", "情感"),
                &[("negative", "负面"), ("neutral", "中性"), ("positive", "正面")],
                sentiments,
            ),
            real(
                "intensity",
                Message::new("Intensity (-4 to 4)", "强度（-4 到 4）"),
                intensities,
            ),
        ],
        truth: vec![],
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Four files of the same format with few lines, some of them equal.
    pub(in crate::datasets) fn fixture() -> Dataset {
        let file = |domain: usize| -> String {
            let line = |row: usize| {
                let row = if row % 30 == 29 { row - 3 } else { row };
                let text = format!("d{domain} w{} W{} end", row % 17, row % 31);
                let text = if row % 2 == 0 { text } else { text.to_uppercase() };
                format!("{row}\t{}\t{text}!\n", (row % 9) as f32 - 4.0)
            };
            (0..200).map(line).collect()
        };
        let files = [0, 1, 2, 3].map(file);
        read([0, 1, 2, 3].map(|domain| &*files[domain])).unwrap()
    }

    #[test]
    fn lines_become_rows_and_faults_are_named() {
        let dataset = read(["1\t0.5\tso so\n2\t-2.4\tbad\ttabs", "1\t3\tgood\n", "", ""]).unwrap();
        assert_eq!(dataset.labels[0].values, [0.0, 0.0, 1.0]);
        assert_eq!(dataset.labels[1].values, [1.0, 0.0, 2.0]);
        assert_eq!(dataset.labels[2].values, [0.5, -2.4, 3.0]);
        let error = read(["1\t0.5\ta", "1\tx\tb", "", ""]).unwrap_err();
        assert!(matches!(
            error,
            RawError::Line {
                line: 1,
                expected: "a mean rating",
                ..
            }
        ));
        assert!(matches!(
            parse(["", "", "", ""]),
            Err(RawError::Count {
                expected: ROWS,
                got: 0,
                ..
            })
        ));
    }
}
