//! `lecture-ratings`: 73,421 ratings that 2,972 students gave 1,128 lecturers: user x item.
//!
//! Raw: one CSV table with the columns row, `s` (student), `d` (lecturer), `studage`, `lectage`, `service`, `dept`, `y`.
//! Features: `user`, `item` (both renumbered), `course` (lecturer, service course or not, and semesters ago: the closest
//! to the course rated that the table has), `dept`, `context` (semesters of the student, semesters
//! since the lecture, service course or not). Labels: `like` (rating >= 4), `top` (rating = 5), `rating` (1 to 5, real), and for
//! recommendation by softmax `next_item` (the lecturer whom this student liked next, in the order of the table) and
//! `next_user` (the student who liked this lecturer next), known only for a liked row with a later liked row. "Next" is among
//! the rows of the same split ([`NextLabel`]).

use std::collections::BTreeMap;

use mtl_base::schema::LabelKind;
use mtl_base::text::Message;

use super::raw::{RawError, classes, expect_count, expect_counts, real};
use crate::dataset::{
    Column, Dataset, DatasetInfo, DenseColumn, Feature, IdColumn, LabelColumn, Language, Source,
};
use crate::next::NextLabel;
use crate::settings::DataSettings;

/// Key of the data set.
pub const KEY: &str = "lecture-ratings";

const FILE: &str = "InstEval.csv";
const ROWS: usize = 73_421;
const STUDENTS: usize = 2_972;
const LECTURERS: usize = 1_128;
const COURSES: usize = 5_368;
const DEPARTMENTS: usize = 14;
const RATINGS: [usize; 5] = [10_186, 12_951, 17_609, 16_921, 15_754];
const LIKED: usize = RATINGS[3] + RATINGS[4];
const COUNTS: &[(&str, &[usize])] = &[
    ("like", &[ROWS - LIKED, LIKED]),
    ("top", &[ROWS - RATINGS[4], RATINGS[4]]),
];

/// Description of the data set.
pub fn info() -> DatasetInfo {
    DatasetInfo {
        key: KEY.to_owned(),
        name: Message::new("Lecture ratings", "课程评分"),
        description: Message::new(
            "73,421 ratings of 1,128 lecturers by 2,972 students of ETH Zurich, for recommendation. Tasks: like (4 or \
             5), top (5), rating, the next lecturer a student likes, the next student who likes a lecturer.",
            "苏黎世联邦理工学院 2,972 名学生对 1,128 位讲师的 73,421 个评分，用于推荐。任务：喜欢（4 或 5）、最高分（5）、评分、学生接下来喜欢的讲师、接下来喜欢该讲师的学生。",
        ),
        language: Language::None,
        licence: "GPL-2.0-or-later".to_owned(),
        attribution: Message::new(
            "InstEval, from the R package lme4 by Douglas Bates, Martin Maechler, Ben Bolker and Steve Walker, as \
             packaged with pydataset.",
            "InstEval，来自 Douglas Bates、Martin Maechler、Ben Bolker 与 Steve Walker 的 R 软件包 lme4，随 pydataset 打包。",
        ),
        citation: Some(
            "Bates, D., Maechler, M., Bolker, B. & Walker, S. (2015). Fitting Linear Mixed-Effects Models Using lme4. \
             Journal of Statistical Software 67(1)."
                .to_owned(),
        ),
        source: Some(Source {
            package: "pydataset".to_owned(),
            version: "0.2.0".to_owned(),
            path: "resources.tar.gz: rdata/csv/lme4/InstEval.csv".to_owned(),
        }),
    }
}

/// Recommended settings for preparing the set.
pub fn recommended() -> DataSettings {
    DataSettings {
        validation: 0.05,
        ..DataSettings::default()
    }
}

/// Reads the table, and checks the published counts.
pub fn parse(csv: &str) -> Result<Dataset, RawError> {
    let rows = read_rows(csv)?;
    for (rating, expected) in (1..).zip(RATINGS) {
        let got = rows.iter().filter(|row| row.rating == rating).count();
        expect_count(format!("rating = {rating}"), expected, got)?;
    }
    let dataset = expect_counts(build(&rows), ROWS, COUNTS)?;
    for (key, expected) in [
        ("user", STUDENTS),
        ("item", LECTURERS),
        ("course", COURSES),
        ("dept", DEPARTMENTS),
    ] {
        let got = match dataset.feature(key).map(|feature| &feature.column) {
            Some(Column::Id(column)) => column.cardinality,
            _ => 0,
        };
        expect_count(key, expected, got)?;
    }
    Ok(dataset)
}

struct Row {
    student: u32,
    lecturer: u32,
    context: [u32; 3],
    dept: u32,
    rating: u32,
}

fn read_rows(csv: &str) -> Result<Vec<Row>, RawError> {
    let fields = |line: &str| -> Option<[u32; 7]> {
        let mut fields = [0; 7];
        let mut parts = line.split(',').map(|part| part.trim().trim_matches('"'));
        parts.next()?;
        for field in &mut fields {
            *field = parts.next()?.parse().ok()?;
        }
        parts.next().is_none().then_some(fields)
    };
    let mut rows = Vec::new();
    for (line_idx, line) in csv
        .lines()
        .enumerate()
        .skip(1)
        .filter(|(_, line)| !line.is_empty())
    {
        let Some([student, lecturer, student_age, lecture_age, service, dept, rating]) = fields(line) else {
            return Err(RawError::Line {
                file: FILE,
                line: line_idx + 1,
                expected: "row,s,d,studage,lectage,service,dept,y",
                got: line.chars().take(80).collect(),
            });
        };
        rows.push(Row {
            student,
            lecturer,
            context: [student_age, lecture_age, service],
            dept,
            rating,
        });
    }
    Ok(rows)
}

/// Renumbers IDs in ascending order of the old numbers.
fn renumber<const N: usize>(rows: &[Row], id: fn(&Row) -> [u32; N]) -> IdColumn {
    let mut numbers: BTreeMap<[u32; N], u32> = rows.iter().map(|row| (id(row), 0)).collect();
    (0..)
        .zip(numbers.values_mut())
        .for_each(|(new, slot)| *slot = new);
    let name = |old: &[u32; N]| format!("#{}", old.map(|part| part.to_string()).join("/"));
    IdColumn {
        cardinality: numbers.len(),
        ids: rows.iter().map(|row| numbers[&id(row)]).collect(),
        names: numbers.keys().map(name).collect(),
    }
}

fn build(rows: &[Row]) -> Dataset {
    let users = renumber(rows, |row| [row.student]);
    let items = renumber(rows, |row| [row.lecturer]);
    let courses = renumber(rows, |row| {
        let [_, lecture_age, service] = row.context;
        [row.lecturer, lecture_age, service]
    });
    let depts = renumber(rows, |row| [row.dept]);
    let next = |key: &str, name: Message, n_classes, of: &str, names: &str| LabelColumn {
        key: key.to_owned(),
        name,
        kind: LabelKind::Classes { n_classes },
        classes: vec![],
        values: vec![],
        next: Some(NextLabel {
            of: of.to_owned(),
            names: names.to_owned(),
            among: "like".to_owned(),
        }),
    };
    let at_least = |rating: u32| {
        rows.iter()
            .map(|row| f32::from(u8::from(row.rating >= rating)))
            .collect()
    };
    let no_yes = [("no", "否"), ("yes", "是")];
    let labels = vec![
        classes(
            "like",
            Message::new("Like (4 or 5)", "喜欢（4 或 5）"),
            &no_yes,
            at_least(4),
        ),
        classes(
            "top",
            Message::new("Top (5)", "最高分（5）"),
            &no_yes,
            at_least(5),
        ),
        real(
            "rating",
            Message::new("Rating (1 to 5)", "评分（1 到 5）"),
            rows.iter().map(|row| row.rating as f32).collect(),
        ),
        next(
            "next_item",
            Message::new("Next liked lecturer", "接下来喜欢的讲师"),
            items.cardinality,
            "user",
            "item",
        ),
        next(
            "next_user",
            Message::new("Next student who likes", "接下来喜欢的学生"),
            users.cardinality,
            "item",
            "user",
        ),
    ];
    let id = |key: &str, name: Message, column| Feature {
        key: key.to_owned(),
        name,
        column: Column::Id(column),
    };
    Dataset {
        info: info(),
        features: vec![
            id("user", Message::new("Student", "学生"), users),
            id("item", Message::new("Lecturer", "讲师"), items),
            id(
                "course",
                Message::new(
                    "Course (lecturer / semesters ago / service)",
                    "课程（讲师/学期前/公共课）",
                ),
                courses,
            ),
            id("dept", Message::new("Department", "院系"), depts),
            Feature {
                key: "context".to_owned(),
                name: Message::new("Semesters and service course", "学期与公共课"),
                column: Column::Dense(DenseColumn {
                    width: 3,
                    values: rows
                        .iter()
                        .flat_map(|row| row.context.map(|value| value as f32))
                        .collect(),
                }),
            },
        ],
        labels,
        truth: vec![],
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A table of the same format with few rows, some of them equal.
    pub(in crate::datasets) fn fixture() -> Dataset {
        let line = |row: u32| {
            let row = if row % 40 == 39 { row - 7 } else { row };
            let (student, lecturer) = (row * row % 41, row % 23);
            let (service, dept) = (row % 2, lecturer % 5);
            format!(
                "\"{row}\",\"{student}\",\"{lecturer}\",\"2\",\"{}\",\"{service}\",\"{dept}\",{}\n",
                row % 3,
                1 + row % 5
            )
        };
        let csv: String = std::iter::once("header\n".to_owned())
            .chain((0..600).map(line))
            .collect();
        build(&read_rows(&csv).unwrap())
    }

    #[test]
    fn the_table_becomes_columns() {
        let csv = "\"\",\"s\",\"d\",\"studage\",\"lectage\",\"service\",\"dept\",\"y\"\n\
                   \"1\",\"1\",\"1002\",\"2\",\"2\",\"0\",\"2\",5\n\
                   \"2\",\"1\",\"1050\",\"2\",\"1\",\"1\",\"6\",2\n\
                   \"3\",\"1\",\"1582\",\"2\",\"2\",\"0\",\"2\",4\n\
                   \"4\",\"7\",\"1002\",\"2\",\"2\",\"0\",\"3\",4\n";
        let dataset = build(&read_rows(csv).unwrap());
        dataset.check().unwrap();
        assert_eq!(dataset.label("like").unwrap().values, [1.0, 0.0, 1.0, 1.0]);
        assert_eq!(dataset.label("top").unwrap().values, [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(dataset.label("next_item").unwrap().n_classes(), Some(3));
        assert_eq!(dataset.label("next_user").unwrap().n_classes(), Some(2));
        let error = parse("header\n1,2,3\n").unwrap_err();
        assert!(matches!(error, RawError::Line { line: 2, .. }));
    }
}
