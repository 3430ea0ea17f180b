//! Trains a text model for two tasks without a page: the same crates, the same settings, the same weights file.
//!
//! ```text
//! cargo run --release -p mtl-examples --example train_sentiment -- --data opinion-domains --preset text-towers
//! ```
//! Other options: `--epochs`, `--batch-size`, `--learning-rate`, `--seed`, `--out FOLDER`. Without the data set (see
//! `cargo xtask data`) it trains on generated reviews.

use mtl_examples::{Options, Outcome, Trainer, in_words};
use mtl_training::protocol::PredictInput;

fn main() -> Outcome<()> {
    let options = Options::parse("opinion-domains", "text-towers")?;
    let mut trainer = Trainer::new(&options, "generated-reviews")?;
    trainer.train()?;
    trainer.test()?;
    for text in [
        "The battery died after a week and the seller did not answer.",
        "A beautiful film, and the actors are wonderful!",
        "酒店的位置很好，房间也很干净。",
    ] {
        println!("{text}");
        let input = PredictInput {
            text: [("text".to_owned(), text.to_owned())].into(),
            ..PredictInput::default()
        };
        for task in trainer.predict(input)? {
            println!("  {:<24}{}", task.task, in_words(&task));
        }
    }
    trainer.save(&options.out)?;
    Ok(())
}
