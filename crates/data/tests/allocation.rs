//! Filling a batch allocates nothing, whether its rows are stored or drawn anew.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../training/tests/common/counting.rs"]
#[allow(dead_code, reason = "the amount in use is for another test")]
mod counting;

use mtl_base::settings::{Settings, Value};
use mtl_data::datasets::Generator;
use mtl_data::prepare::{DataSettings, prepare};

#[test]
fn a_batch_is_filled_without_allocating() {
    let mut generator = Generator::with_key("generated-regression").unwrap();
    generator.set("rows", &Value::Int(500)).unwrap();
    generator.set("streaming", &Value::Flag(true)).unwrap();
    let mut prepared = prepare(&generator.generate().unwrap(), &DataSettings::default()).unwrap();
    prepared.fresh = generator.fresh_rows();
    let rows: Vec<u32> = prepared.splits.train[..64].to_vec();
    let (mut x, mut y) = (vec![0.0; 64 * 100], vec![0.0; 64]);
    let before = counting::most();
    let mut sum = 0.0;
    for epoch in 0..20 {
        prepared.dense_into(0, &rows, &mut x);
        prepared.labels_into(1, &rows, &mut y);
        for (row, x) in rows.iter().zip(x.chunks_exact_mut(100)) {
            let labels = prepared.fresh_row_into(epoch, *row, x).unwrap();
            sum += labels[0] + labels[1];
        }
    }
    assert!(sum.is_finite());
    assert_eq!(counting::most(), before);
}
