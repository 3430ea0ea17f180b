//! Trains a recommender for two tasks without a page, and ranks items for a user.
//!
//! ```text
//! cargo run --release -p mtl-examples --example recommend -- --data lecture-ratings --preset ad-content
//! ```
//! Other options: `--epochs`, `--batch-size`, `--learning-rate`, `--seed`, `--out FOLDER`. Without the data set (see
//! `cargo xtask data`) it trains on generated impressions.

use mtl_examples::{Options, Outcome, Trainer};
use mtl_training::protocol::PredictInput;

/// Number of items that are ranked, and of those that are shown.
const N_ITEMS: u32 = 200;
const N_SHOWN: usize = 5;

fn main() -> Outcome<()> {
    let options = Options::parse("lecture-ratings", "ad-content")?;
    let mut trainer = Trainer::new(&options, "generated-impressions")?;
    trainer.train()?;
    trainer.test()?;
    for user in [3, 4] {
        let mut ranked = Vec::new();
        for item in 0..N_ITEMS {
            let ids = [("user".to_owned(), user), ("item".to_owned(), item)].into();
            let Ok(tasks) = trainer.predict(PredictInput {
                ids,
                ..PredictInput::default()
            }) else {
                break;
            };
            if let Some(first) = tasks.first() {
                ranked.push((first.outputs.last().copied().unwrap_or_default(), item));
            }
        }
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        let best = ranked
            .iter()
            .take(N_SHOWN)
            .map(|(score, item)| format!("{item} ({score:.3})"));
        println!("user {user}: items {}", best.collect::<Vec<_>>().join(", "));
    }
    trainer.save(&options.out)?;
    Ok(())
}
