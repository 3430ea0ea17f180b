//! `census-income`: 30,000 people of the United States census of 1994 and 1995, the benchmark of the MMoE and PLE papers.
//!
//! Raw: two files without a header, 199,523 and 99,762 lines of 42 fields separated by commas, of which every tenth line or so
//! is used ([`ROWS`]). Features: `profile`, a text of one word per known categorical field (`sex_female`,
//! `occupation_sales`; a field that does not apply to a person gives no word), so that an embedding of its words is what an
//! embedding of each field would be; and `numbers`, seven numbers ([`NUMBERS`]), amounts of money as `log10(1 + x)`.
//! Labels, all binary: `income` (more than 50,000 dollars a year), `never_married`, `education` (a bachelor's degree or
//! more). The fields of marital status and education are not features, nor is the weight of the row; as in the
//! benchmark, the household and tax fields are kept, which almost determine whether somebody was ever married.

use mtl_base::text::Message;

use super::raw::{RawError, classes, expect_count};
use crate::dataset::{Column, Dataset, DatasetInfo, DenseColumn, Feature, Language, Source, TextColumn};
use crate::settings::DataSettings;

/// Key of the data set.
pub const KEY: &str = "census-income";
/// Files in the package: the published training and test rows.
pub const FILES: [&str; 2] = ["census/census-income.data.gz", "census/census-income.test.gz"];
/// Number of rows taken from each file, evenly spaced. They are split anew, like those of every other set.
pub const ROWS: [usize; 2] = [20_000, 10_000];
/// The seven numbers, by index of the field: name, and whether it is an amount of money.
pub const NUMBERS: [(usize, &str, &str, bool); 7] = [
    (0, "age", "年龄", false),
    (39, "weeks worked", "工作周数", false),
    (30, "size of the employer (0 to 6)", "雇主规模（0 到 6）", false),
    (5, "wage per hour (cents)", "时薪（美分）", true),
    (16, "capital gains", "资本收益", true),
    (17, "capital losses", "资本损失", true),
    (18, "dividends", "股息", true),
];

const FIELDS: usize = 42;
const EDUCATION: usize = 4;
const MARITAL: usize = 7;
const INCOME: usize = 41;
/// Categorical fields, with the prefix of their words.
const CATEGORIES: [(usize, &str); 31] = [
    (1, "worker"),
    (2, "industry"),
    (3, "occupation"),
    (6, "enrolled"),
    (8, "branch"),
    (9, "profession"),
    (10, "race"),
    (11, "hispanic"),
    (12, "sex"),
    (13, "union"),
    (14, "unemployed"),
    (15, "work"),
    (19, "tax"),
    (20, "from_region"),
    (21, "from_state"),
    (22, "household"),
    (23, "relation"),
    (25, "moved_city"),
    (26, "moved_region"),
    (27, "moved_within"),
    (28, "same_house"),
    (29, "from_sunbelt"),
    (31, "parents"),
    (32, "father_from"),
    (33, "mother_from"),
    (34, "born_in"),
    (35, "citizen"),
    (36, "own_business"),
    (37, "veteran_form"),
    (38, "veteran"),
    (40, "year"),
];

const RAW_ROWS: [usize; 2] = [199_523, 99_762];
/// Number of positive rows of each label in either file: income, never married, bachelor's degree or more.
const RAW_COUNTS: [[usize; 3]; 2] = [[12_382, 86_485, 29_462], [6_186, 43_143, 14_687]];

/// Description of the data set.
pub fn info() -> DatasetInfo {
    DatasetInfo {
        key: KEY.to_owned(),
        name: Message::new("Census income", "人口普查收入"),
        description: Message::new(
            "30,000 people of the United States census of 1994 and 1995: age, work, household and 28 more attributes. Tasks: \
             income above 50,000 dollars, never married, bachelor's degree or more. A tenth of the benchmark of the MMoE \
             and PLE papers.",
            "1994 与 1995 年美国人口普查中的 30,000 人：年龄、工作、家庭等 30 余项。任务：收入高于 5 万美元、从未结婚、学士及以上学历。即 MMoE 与 PLE 论文所用基准数据的十分之一。",
        ),
        language: Language::English,
        licence: "CC-BY-4.0".to_owned(),
        attribution: Message::new(
            "Census-Income (KDD), UCI Machine Learning Repository, from the U.S. Census Bureau, as packaged with mtrec.",
            "Census-Income (KDD)，UCI 机器学习库，来自美国人口普查局，随 mtrec 打包。",
        ),
        citation: Some("Census-Income (KDD). UCI Machine Learning Repository.".to_owned()),
        source: Some(Source {
            package: "mtrec".to_owned(),
            version: "0.0.1".to_owned(),
            path: "test/data/census/census-income.{data,test}.gz".to_owned(),
        }),
    }
}

/// Recommended settings for preparing the set.
pub fn recommended() -> DataSettings {
    DataSettings {
        // A word per known field, of which there are at most 31.
        max_tokens: 32,
        ..DataSettings::default()
    }
}

/// Reads the texts of [`FILES`], in that order, and checks the published counts.
pub fn parse(files: [&str; 2]) -> Result<Dataset, RawError> {
    let mut taken: Vec<[&str; FIELDS]> = Vec::new();
    for (place, file) in files.into_iter().enumerate() {
        let rows = read_rows(file, FILES[place])?;
        expect_count(format!("rows of {}", FILES[place]), RAW_ROWS[place], rows.len())?;
        for (label_idx, expected) in RAW_COUNTS[place].into_iter().enumerate() {
            let got = rows.iter().filter(|row| labels(row)[label_idx]).count();
            expect_count(format!("label {label_idx} of {}", FILES[place]), expected, got)?;
        }
        taken.extend((0..ROWS[place]).map(|row| rows[row * rows.len() / ROWS[place]]));
    }
    let dataset = build(&taken)?;
    dataset.check()?;
    Ok(dataset)
}

fn read_rows<'a>(file: &'a str, name: &'static str) -> Result<Vec<[&'a str; FIELDS]>, RawError> {
    let lines = file.lines().enumerate().filter(|(_, line)| !line.is_empty());
    lines
        .map(|(line_idx, line)| {
            let fields: Vec<&str> = line.split(',').map(str::trim).collect();
            fields.try_into().map_err(|_| RawError::Line {
                file: name,
                line: line_idx + 1,
                expected: "42 fields separated by commas",
                got: line.chars().take(80).collect(),
            })
        })
        .collect()
}

/// Income above 50,000 dollars, never married, bachelor's degree or more.
fn labels(row: &[&str; FIELDS]) -> [bool; 3] {
    let degree = row[EDUCATION];
    [
        row[INCOME].starts_with("50000+"),
        row[MARITAL] == "Never married",
        ["Bachelors", "Masters", "Prof school", "Doctorate"]
            .iter()
            .any(|name| degree.starts_with(name)),
    ]
}

/// The word of a field: `sex_female`. Letters and digits are kept, runs of other characters become `_`.
fn push_word(text: &mut String, name: &str, value: &str) {
    // "Not in universe": the question was not put to this person; 0 of the two lists of codes likewise.
    if value == "?"
        || value.starts_with("Not in universe")
        || (value == "0" && ["industry", "occupation"].contains(&name))
    {
        return;
    }
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(name);
    for part in value
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
    {
        text.push('_');
        text.push_str(&part.to_ascii_lowercase());
    }
}

fn build(rows: &[[&str; FIELDS]]) -> Result<Dataset, RawError> {
    let mut texts = TextColumn::default();
    let mut numbers = Vec::with_capacity(rows.len() * NUMBERS.len());
    let mut text = String::new();
    for (place, row) in rows.iter().enumerate() {
        text.clear();
        CATEGORIES
            .iter()
            .for_each(|(field, name)| push_word(&mut text, name, row[*field]));
        texts.push(&text);
        for (field, name, _, is_money) in NUMBERS {
            let value: f32 = row[field].parse().map_err(|_| RawError::Line {
                file: name,
                line: place + 1,
                expected: "a number",
                got: row[field].to_owned(),
            })?;
            // Amounts cover five powers of ten, and most are 0.
            numbers.push(if is_money {
                mtl_kernels::elementary::log(1.0 + value) / std::f32::consts::LN_10
            } else {
                value
            });
        }
    }
    let list = |of: fn(&(usize, &'static str, &'static str, bool)) -> &'static str, between: &str| {
        NUMBERS.iter().map(of).collect::<Vec<_>>().join(between)
    };
    let binary = |label_idx: usize, key: &str, name: Message| {
        let values = rows.iter().map(|row| f32::from(u8::from(labels(row)[label_idx])));
        classes(key, name, &[("no", "否"), ("yes", "是")], values.collect())
    };
    Ok(Dataset {
        info: info(),
        features: vec![
            Feature {
                key: "profile".to_owned(),
                name: Message::new("Profile", "个人情况"),
                column: Column::Text(texts),
            },
            Feature {
                key: "numbers".to_owned(),
                name: Message::new(
                    format!(
                        "Numbers ({}; money as log10(1 + x))",
                        list(|number| number.1, ", ")
                    ),
                    format!("数值（{}；金额取 log10(1 + x)）", list(|number| number.2, "、")),
                ),
                column: Column::Dense(DenseColumn {
                    width: NUMBERS.len(),
                    values: numbers,
                }),
            },
        ],
        labels: vec![
            binary(0, "income", Message::new("Income above 50,000", "收入高于 5 万")),
            binary(1, "never_married", Message::new("Never married", "从未结婚")),
            binary(2, "education", Message::new("Bachelor's or more", "学士及以上")),
        ],
        truth: vec![],
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::tokenizer::tokenize;

    const LINE: &str = "58, Self-employed-not incorporated, 4, 34, Some college but no degree, 0, Not in universe, Divorced, \
        Construction, Precision production craft & repair, White, All other, Male, Not in universe, Not in universe, Children \
        or Armed Forces, 99, 0, 0, Head of household, South, Arkansas, Householder, Householder, 1053.55, MSA to MSA, Same \
        county, Same county, No, Yes, 1, Not in universe, United-States, United-States, ?, Native- Born in the \
        United States, 0, Not in universe, 2, 52, 94, - 50000.";

    /// Lines of the same form, some of them twice.
    pub(in crate::datasets) fn fixture() -> Dataset {
        let degrees = ["Bachelors degree(BA AB BS)", "High school graduate", "10th grade"];
        let lines: Vec<String> = (0..600)
            .map(|row| {
                let row = if row % 30 == 29 { row - 3 } else { row };
                let line = LINE.replacen("58", &(20 + row % 60).to_string(), 1);
                let line = line
                    .replace("Some college but no degree", degrees[row % 3])
                    .replace("52, 94", &format!("{}, 94", row % 53));
                let line = if row % 4 == 0 {
                    line.replace("Divorced", "Never married")
                } else {
                    line
                };
                if row % 10 == 0 {
                    line.replace("- 50000.", "50000+.")
                } else {
                    line
                }
            })
            .collect();
        build(&read_rows(&lines.join("\n"), FILES[0]).unwrap()).unwrap()
    }

    #[test]
    fn fields_become_words_numbers_and_labels() {
        let rows = read_rows(LINE, FILES[0]).unwrap();
        let dataset = build(&rows).unwrap();
        dataset.check().unwrap();
        let Column::Text(texts) = &dataset.features[0].column else {
            panic!("a text")
        };
        let text = texts.get(0);
        assert!(
            text.starts_with(
                "worker_self_employed_not_incorporated industry_4 occupation_34 branch_construction "
            ),
            "{text}"
        );
        assert!(
            text.contains(" citizen_native_born_in_the_united_states ") && text.ends_with(" year_94"),
            "{text}"
        );
        for absent in ["enrolled", "union", " born_in", "divorced", "college"] {
            assert!(!text.contains(absent), "{absent}: {text}");
        }
        // One token per field.
        assert_eq!(tokenize(text).count(), text.split(' ').count());
        let Column::Dense(numbers) = &dataset.features[1].column else {
            panic!("numbers")
        };
        assert_eq!(numbers.values, [58.0, 52.0, 1.0, 0.0, 2.0, 0.0, 0.0]);
        assert!(dataset.labels.iter().all(|label| label.values == [0.0]));
        for (from, to, label_idx) in [
            ("- 50000.", "50000+.", 0),
            ("Divorced", "Never married", 1),
            (
                "Some college but no degree",
                "Masters degree(MA MS MEng MEd MSW MBA)",
                2,
            ),
        ] {
            let line = LINE.replace(from, to);
            let dataset = build(&read_rows(&line, FILES[0]).unwrap()).unwrap();
            let ones: Vec<usize> = (0..3)
                .filter(|label| dataset.labels[*label].values == [1.0])
                .collect();
            assert_eq!(ones, [label_idx]);
            // The fields of the labels are not features.
            assert_eq!(dataset.features, build(&rows).unwrap().features);
        }
        assert!(matches!(
            parse(["1, 2\n", ""]),
            Err(RawError::Line { line: 1, .. })
        ));
        assert!(matches!(
            parse([LINE, ""]),
            Err(RawError::Count {
                expected: 199_523,
                got: 1,
                ..
            })
        ));
    }
}
