//! Reads the clothing reviews' parquet table row by row.

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use mtl_data::datasets::clothing_reviews::ClothingRow;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

/// The rows of the table.
pub fn read(bytes: Vec<u8>) -> Result<Vec<ClothingRow>> {
    let reader = SerializedFileReader::new(Bytes::from(bytes)).context("not a parquet file")?;
    let mut rows = Vec::new();
    for row in reader
        .get_row_iter(None)
        .context("the parquet table cannot be read")?
    {
        let row = row.context("a damaged row in the parquet table")?;
        let mut clothing = ClothingRow::default();
        for (name, field) in row.get_column_iter() {
            match &**name {
                "Clothing ID" => clothing.item = integer(name, field)?,
                "Age" => clothing.age = integer(name, field)?,
                "Rating" => clothing.rating = integer(name, field)?,
                "Recommended IND" => clothing.recommended = integer(name, field)?,
                "Review Text" => clothing.text = words(name, field)?,
                "Department Name" => clothing.department = words(name, field)?,
                _ => {}
            }
        }
        rows.push(clothing);
    }
    Ok(rows)
}

fn integer(name: &str, field: &Field) -> Result<i64> {
    match field {
        Field::Byte(value) => Ok(i64::from(*value)),
        Field::Short(value) => Ok(i64::from(*value)),
        Field::Int(value) => Ok(i64::from(*value)),
        Field::Long(value) => Ok(*value),
        other => bail!("column {name}: expected a whole number, got {other}"),
    }
}

fn words(name: &str, field: &Field) -> Result<Option<String>> {
    match field {
        Field::Str(value) => Ok(Some(value.clone())),
        Field::Null => Ok(None),
        other => bail!("column {name}: expected a text, got {other}"),
    }
}
