//! The compact file of a data set (`.mtld`): what the page downloads.
//!
//! ```text
//! offset  bytes  content
//! 0       4      magic "MTLD"
//! 4       4      version, u32, now 2
//! 8       8      length of the body in bytes, u64
//! 16      ...    the body, one zlib stream (deflate with an Adler-32 checksum), to the end of the file
//!
//! body
//! 0       4      length of the header, u32
//! 4       h      header, JSON: info, rows, and for every column its key, name, type and size
//! 4+h     ...    the columns in the order of the header, without padding: features, labels, truths
//!                text : rows x u32 lengths in bytes, then the UTF-8 bytes of all rows
//!                id   : rows x u32
//!                dense: rows x width x f32, row by row
//!                label: rows x width x f32, row by row, NaN = not known (width: 1; of a multi-label its labels);
//!                       nothing where the header's `next` says how it follows from the rows of a split
//!                truth: rows x f32
//! ```
//! All numbers are little-endian. [`decode`] never panics and never allocates more than the declared sizes, which are
//! checked against the bytes that are present; it ends with [`Dataset::check`]. Limits: [`MAX_ROWS`] rows and
//! [`MAX_BYTES`] bytes of body.

use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_zlib_with_limit};
use mtl_base::json;
use mtl_base::schema::LabelKind;
use mtl_base::text::{Explain, Message};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::dataset::{
    Column, Counted, Dataset, DatasetError, DatasetInfo, DenseColumn, Feature, IdColumn, LabelColumn,
    MAX_ROWS, TextColumn, TruthColumn,
};
use crate::next::NextLabel;

/// Largest number of bytes of a body that is unpacked.
pub const MAX_BYTES: usize = 200_000_000;
/// The first four bytes of the file.
pub const MAGIC: [u8; 4] = *b"MTLD";
/// The version written and read.
pub const VERSION: u32 = 2;

const PREFIX_BYTES: usize = 16;

/// Error of decoding an asset.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum AssetError {
    /// The magic bytes are missing.
    #[error("this is not a data set file: it does not start with MTLD")]
    Magic,
    /// The version is not supported.
    #[error(
        "this data set file has version {got}, but version {expected} is needed; run `cargo xtask data` again"
    )]
    Version {
        /// Version of the file.
        got: u32,
        /// Version that is supported.
        expected: u32,
    },
    /// The body exceeds [`MAX_BYTES`].
    #[error("the data set is {got} bytes unpacked; at most {limit} are read")]
    TooLarge {
        /// Declared number of bytes.
        got: u64,
        /// Limit in bytes.
        limit: usize,
    },
    /// The compressed stream is damaged or truncated.
    #[error(
        "the data set file is truncated or damaged ({at}): expected {expected} bytes, found {got}; fetch it again"
    )]
    Damaged {
        /// Part of the file.
        at: String,
        /// Number of bytes expected.
        expected: u64,
        /// Number of bytes present.
        got: u64,
    },
    /// The header is not valid JSON of this version.
    #[error("the header of the data set file cannot be read: {reason}")]
    Header {
        /// Message of the JSON reader.
        reason: String,
    },
    /// A text is not UTF-8, or its length splits a character.
    #[error("column `{key}` of the data set file contains invalid text")]
    Text {
        /// Key of the column.
        key: String,
    },
    /// The columns do not form a valid data set.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
}

impl Explain for AssetError {
    fn explain(&self) -> Message {
        let zh = match self {
            Self::Magic => "这不是数据集文件：开头不是 MTLD".to_owned(),
            Self::Version { got, expected } => {
                format!("数据集文件的版本是 {got}，只能读取版本 {expected}；请重新运行 `cargo xtask data`")
            }
            Self::TooLarge { got, limit } => format!("数据集解压后有 {got} 字节，最多读取 {limit} 字节"),
            Self::Damaged { at, expected, got } => {
                format!("数据集文件不完整或已损坏（{at}）：应有 {expected} 字节，实有 {got} 字节；请重新获取")
            }
            Self::Header { reason } => format!("无法读取数据集文件的头部：{reason}"),
            Self::Text { key } => format!("数据集文件的“{key}”列含有损坏的文本"),
            Self::Dataset(error) => return error.explain(),
        };
        Message::new(self.to_string(), zh)
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    info: DatasetInfo,
    rows: usize,
    features: Vec<FeatureHeader>,
    labels: Vec<LabelHeader>,
    truth: Vec<TruthHeader>,
}

#[derive(Serialize, Deserialize)]
struct FeatureHeader {
    key: String,
    name: Message,
    #[serde(flatten)]
    column: ColumnHeader,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ColumnHeader {
    Text { bytes: usize },
    Id { cardinality: usize, names: Vec<String> },
    Dense { width: usize },
}

#[derive(Serialize, Deserialize)]
struct LabelHeader {
    key: String,
    name: Message,
    kind: LabelKind,
    classes: Vec<Message>,
    #[serde(default)]
    next: Option<NextLabel>,
}

#[derive(Serialize, Deserialize)]
struct TruthHeader {
    label: String,
    flipped: f32,
}

/// Encodes a valid data set.
pub fn encode(dataset: &Dataset) -> Result<Vec<u8>, AssetError> {
    dataset.check()?;
    let header = Header {
        info: dataset.info.clone(),
        rows: dataset.n_rows(),
        features: dataset
            .features
            .iter()
            .map(|feature| FeatureHeader {
                key: feature.key.clone(),
                name: feature.name.clone(),
                column: match &feature.column {
                    Column::Text(column) => ColumnHeader::Text {
                        bytes: column.as_str().len(),
                    },
                    Column::Id(column) => ColumnHeader::Id {
                        cardinality: column.cardinality,
                        names: column.names.clone(),
                    },
                    Column::Dense(column) => ColumnHeader::Dense { width: column.width },
                },
            })
            .collect(),
        labels: dataset
            .labels
            .iter()
            .map(|label| LabelHeader {
                key: label.key.clone(),
                name: label.name.clone(),
                kind: label.kind,
                classes: label.classes.clone(),
                next: label.next.clone(),
            })
            .collect(),
        truth: dataset
            .truth
            .iter()
            .map(|truth| TruthHeader {
                label: truth.label.clone(),
                flipped: truth.flipped,
            })
            .collect(),
    };
    let header = json::write(&header);
    let mut body = Vec::new();
    body.extend_from_slice(&(header.len() as u32).to_le_bytes());
    body.extend_from_slice(header.as_bytes());
    for feature in &dataset.features {
        match &feature.column {
            Column::Text(column) => {
                column
                    .lengths()
                    .for_each(|length| body.extend_from_slice(&length.to_le_bytes()));
                body.extend_from_slice(column.as_str().as_bytes());
            }
            Column::Id(column) => column
                .ids
                .iter()
                .for_each(|id| body.extend_from_slice(&id.to_le_bytes())),
            Column::Dense(column) => put_reals(&mut body, &column.values),
        }
    }
    dataset
        .labels
        .iter()
        .for_each(|label| put_reals(&mut body, &label.values));
    dataset
        .truth
        .iter()
        .for_each(|truth| put_reals(&mut body, &truth.values));
    if body.len() > MAX_BYTES {
        return Err(AssetError::TooLarge {
            got: body.len() as u64,
            limit: MAX_BYTES,
        });
    }
    let mut file = Vec::new();
    file.extend_from_slice(&MAGIC);
    file.extend_from_slice(&VERSION.to_le_bytes());
    file.extend_from_slice(&(body.len() as u64).to_le_bytes());
    file.extend_from_slice(&compress_to_vec_zlib(&body, 10));
    Ok(file)
}

/// Decodes a data set.
pub fn decode(file: &[u8]) -> Result<Dataset, AssetError> {
    if !file.starts_with(&MAGIC) {
        return Err(AssetError::Magic);
    }
    let mut prefix = Reader {
        bytes: file,
        position: MAGIC.len(),
    };
    let version = prefix.u32("prefix")?;
    if version != VERSION {
        return Err(AssetError::Version {
            got: version,
            expected: VERSION,
        });
    }
    let length = prefix
        .take(8, "prefix")?
        .iter()
        .rev()
        .fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    if length > MAX_BYTES as u64 {
        return Err(AssetError::TooLarge {
            got: length,
            limit: MAX_BYTES,
        });
    }
    let body =
        decompress_to_vec_zlib_with_limit(&file[PREFIX_BYTES..], length as usize).map_err(|error| {
            let got = match error.status {
                // More bytes than declared: the output stopped at the limit.
                TINFLStatus::HasMoreOutput => length + 1,
                _ => error.output.len() as u64,
            };
            AssetError::Damaged {
                at: "zlib".to_owned(),
                expected: length,
                got,
            }
        })?;
    if body.len() as u64 != length {
        return Err(AssetError::Damaged {
            at: "body".to_owned(),
            expected: length,
            got: body.len() as u64,
        });
    }
    decode_body(&body)
}

fn read_header(bytes: &[u8]) -> Result<Header, AssetError> {
    let fault = |reason: String| AssetError::Header { reason };
    let text = str::from_utf8(bytes).map_err(|error| fault(error.to_string()))?;
    json::read(text).map_err(|error| fault(error.to_string()))
}

fn decode_body(body: &[u8]) -> Result<Dataset, AssetError> {
    let mut reader = Reader {
        bytes: body,
        position: 0,
    };
    let header_bytes = reader.u32("header")? as usize;
    let header = read_header(reader.take(header_bytes, "header")?)?;
    let rows = header.rows;
    if rows > MAX_ROWS {
        return Err(DatasetError::TooMany {
            what: Counted::Rows,
            got: rows,
            limit: MAX_ROWS,
        }
        .into());
    }
    let mut features = Vec::with_capacity(header.features.len());
    for FeatureHeader { key, name, column } in header.features {
        let column = match column {
            ColumnHeader::Text { bytes } => {
                let lengths = reader.u32s(rows, &key)?;
                let text = std::str::from_utf8(reader.take(bytes, &key)?)
                    .map(str::to_owned)
                    .ok();
                let column = text.and_then(|text| TextColumn::from_parts(text, &lengths));
                Column::Text(column.ok_or_else(|| AssetError::Text { key: key.clone() })?)
            }
            ColumnHeader::Id { cardinality, names } => Column::Id(IdColumn {
                cardinality,
                ids: reader.u32s(rows, &key)?,
                names,
            }),
            ColumnHeader::Dense { width } => {
                let n_values = rows.saturating_mul(width);
                Column::Dense(DenseColumn {
                    width,
                    values: reader.f32s(n_values, &key)?,
                })
            }
        };
        features.push(Feature { key, name, column });
    }
    let mut labels = Vec::with_capacity(header.labels.len());
    for LabelHeader {
        key,
        name,
        kind,
        classes,
        next,
    } in header.labels
    {
        let n_values = match next {
            Some(_) => 0,
            None => rows.saturating_mul(kind.width()),
        };
        let values = reader.f32s(n_values, &key)?;
        labels.push(LabelColumn {
            key,
            name,
            kind,
            classes,
            values,
            next,
        });
    }
    let mut truth = Vec::with_capacity(header.truth.len());
    for TruthHeader { label, flipped } in header.truth {
        let values = reader.f32s(rows, &label)?;
        truth.push(TruthColumn {
            label,
            values,
            flipped,
        });
    }
    if reader.position != body.len() {
        return Err(AssetError::Damaged {
            at: "end".to_owned(),
            expected: reader.position as u64,
            got: body.len() as u64,
        });
    }
    let dataset = Dataset {
        info: header.info,
        features,
        labels,
        truth,
    };
    dataset.check()?;
    Ok(dataset)
}

fn put_reals(body: &mut Vec<u8>, values: &[f32]) {
    values
        .iter()
        .for_each(|value| body.extend_from_slice(&value.to_le_bytes()));
}

struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, n_bytes: usize, at: &str) -> Result<&'a [u8], AssetError> {
        let rest = &self.bytes[self.position..];
        if n_bytes > rest.len() {
            return Err(AssetError::Damaged {
                at: at.to_owned(),
                expected: n_bytes as u64,
                got: rest.len() as u64,
            });
        }
        self.position += n_bytes;
        Ok(&rest[..n_bytes])
    }

    fn words(&mut self, count: usize, at: &str) -> Result<impl Iterator<Item = [u8; 4]>, AssetError> {
        let bytes = self.take(count.saturating_mul(4), at)?;
        Ok(bytes
            .chunks_exact(4)
            .map(|chunk| [chunk[0], chunk[1], chunk[2], chunk[3]]))
    }

    fn u32(&mut self, at: &str) -> Result<u32, AssetError> {
        Ok(self.words(1, at)?.map(u32::from_le_bytes).sum())
    }

    fn u32s(&mut self, count: usize, at: &str) -> Result<Vec<u32>, AssetError> {
        Ok(self.words(count, at)?.map(u32::from_le_bytes).collect())
    }

    fn f32s(&mut self, count: usize, at: &str) -> Result<Vec<f32>, AssetError> {
        Ok(self.words(count, at)?.map(f32::from_le_bytes).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datasets::generated_impressions::{self, ImpressionSettings};
    use crate::datasets::generated_reviews::{self, ReviewSettings};
    use mtl_kernels::random::Random;

    fn small() -> Dataset {
        let mut dataset = generated_reviews::generate(&ReviewSettings {
            rows: 60,
            ..Default::default()
        });
        dataset.features.push(Feature {
            key: "age".into(),
            name: Message::new("Age", "年龄"),
            column: Column::Dense(DenseColumn {
                width: 2,
                values: (0..120).map(|v| v as f32 * 0.1).collect(),
            }),
        });
        dataset
    }

    #[test]
    fn what_was_written_is_read_back() -> Result<(), AssetError> {
        let dataset = small();
        assert_eq!(decode(&encode(&dataset)?)?, dataset);
        let settings = ImpressionSettings {
            rows: 200,
            users: 20,
            items: 30,
            ..Default::default()
        };
        let dataset = generated_impressions::generate(&settings);
        assert!(!dataset.truth.is_empty());
        assert_eq!(decode(&encode(&dataset)?)?, dataset);
        Ok(())
    }

    /// A truncation or a flipped bit ends in an error with texts in both languages, never in a panic.
    #[test]
    fn damaged_files_are_refused() -> Result<(), AssetError> {
        let file = encode(&small())?;
        for length in 0..file.len() {
            let error = decode(&file[..length]).expect_err("a cut file");
            assert!(!error.explain().zh.is_empty());
        }
        let mut random = Random::stream(1, "damage");
        for _ in 0..2_000 {
            let mut damaged = file.clone();
            let position = random.below(damaged.len());
            damaged[position] ^= 1 << random.below(8);
            // A flip in the zlib header's level bits may change nothing that is read.
            if let Ok(dataset) = decode(&damaged) {
                assert_eq!(dataset, small());
            }
        }
        Ok(())
    }

    /// The checksum of zlib hides most damage from the reader of the body, so damaged bodies are passed to it directly.
    #[test]
    fn damaged_bodies_are_refused_or_make_a_valid_set() -> Result<(), AssetError> {
        let file = encode(&small())?;
        let body = decompress_to_vec_zlib_with_limit(&file[PREFIX_BYTES..], MAX_BYTES).expect("just written");
        for length in 0..body.len() {
            assert!(decode_body(&body[..length]).is_err());
        }
        let mut random = Random::stream(2, "damage");
        let mut refused = 0;
        for _ in 0..5_000 {
            let mut damaged = body.clone();
            for _ in 0..=random.below(3) {
                let position = random.below(damaged.len());
                damaged[position] = random.next_u32() as u8;
            }
            match decode_body(&damaged) {
                Ok(dataset) => assert_eq!(dataset.check(), Ok(())),
                Err(_) => refused += 1,
            }
        }
        assert!(refused > 1_000, "{refused}");
        Ok(())
    }

    #[test]
    fn foreign_and_oversized_files_are_named() -> Result<(), AssetError> {
        assert_eq!(decode(b"PK\x03\x04"), Err(AssetError::Magic));
        let mut file = encode(&small())?;
        file[4] = 9;
        assert_eq!(
            decode(&file),
            Err(AssetError::Version {
                got: 9,
                expected: VERSION
            })
        );
        file[4] = VERSION as u8;
        file[15] = 1;
        assert!(matches!(decode(&file), Err(AssetError::TooLarge { .. })));
        file[15] = 0;
        // A body longer than declared is not unpacked past the declared length.
        file[8] = file[8].wrapping_sub(1);
        assert!(matches!(decode(&file), Err(AssetError::Damaged { .. })));
        Ok(())
    }
}
