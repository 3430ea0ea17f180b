//! Bounds of the run's settings and of what a command may ask for, and which changes a run survives.

use mtl_base::settings::{Field, Settings};
use mtl_base::text::{Message, Text};

use crate::RunError;
use crate::protocol::RunSettings;

/// Most epochs of a run.
pub const MAX_EPOCHS: u32 = 10_000;
/// Most rows per step.
pub const MAX_BATCH_SIZE: usize = 4_096;
/// Largest learning rate.
pub const MAX_LEARNING_RATE: f32 = 1_000.0;
/// Most evaluations without improvement.
pub const MAX_PATIENCE: u32 = 1_000;
/// Most steps that one command may ask for.
pub const MAX_STEPS_PER_COMMAND: u32 = 1_000_000;
/// Most bytes of a text to predict.
pub const MAX_TEXT_BYTES: usize = 100_000;
/// Most rows that are shown at once.
pub const MAX_SAMPLE_ROWS: usize = 1_000;
/// Most evaluations that may be waiting.
pub const MAX_WAITING: usize = 16;
/// Largest seed: a larger one would not survive a round trip through a JavaScript number.
pub const MAX_SEED: u64 = (1 << 53) - 1;

impl RunSettings {
    /// Refuses the first setting that is out of bounds.
    pub fn check(&self) -> Result<(), RunError> {
        let whole = |name: Text, got: u64, min: u64, max: u64| {
            if (min..=max).contains(&got) {
                Ok(())
            } else {
                Err(RunError::Setting {
                    name,
                    expected: bounds(format!("{min} – {max}")),
                    got: got.to_string(),
                })
            }
        };
        whole(
            Text::new("epochs", "轮数"),
            u64::from(self.epochs),
            1,
            u64::from(MAX_EPOCHS),
        )?;
        whole(
            Text::new("batch size", "批大小"),
            self.batch_size as u64,
            1,
            MAX_BATCH_SIZE as u64,
        )?;
        whole(Text::new("seed", "随机种子"), self.seed, 0, MAX_SEED)?;
        whole(
            Text::new("patience", "耐心"),
            u64::from(self.stop.patience),
            0,
            u64::from(MAX_PATIENCE),
        )?;
        if !(self.learning_rate > 0.0 && self.learning_rate <= MAX_LEARNING_RATE) {
            return Err(RunError::Setting {
                name: Text::new("learning rate", "学习率"),
                expected: bounds(format!("0 < η ≤ {MAX_LEARNING_RATE}")),
                got: self.learning_rate.to_string(),
            });
        }
        if !(self.stop.min_delta >= 0.0 && self.stop.min_delta.is_finite()) {
            return Err(RunError::Setting {
                name: Text::new("smallest change that counts", "最小有效变化"),
                expected: bounds("≥ 0"),
                got: self.stop.min_delta.to_string(),
            });
        }
        for group in [&self.optimizer as &dyn Settings, &self.schedule, &self.clipping] {
            for field in group.fields() {
                check_field(group, field)?;
            }
        }
        Ok(())
    }

    /// Whether a run under `self` can go on under `new`: it cannot when the rows of a step, the draws or the state
    /// of the optimizer would be others.
    pub fn keeps_run(&self, new: &Self) -> bool {
        self.batch_size == new.batch_size
            && self.seed == new.seed
            && self.optimizer.key() == new.optimizer.key()
    }
}

/// Bounds that read the same in both languages.
pub(crate) fn bounds(text: impl Into<String>) -> Message {
    let text = text.into();
    Message::new(text.clone(), text)
}

fn check_field(group: &dyn Settings, field: &Field) -> Result<(), RunError> {
    match group.get(field.key) {
        None => Ok(()),
        Some(value) => field.accept(&value).map(|_| ()).map_err(|_| RunError::Setting {
            name: field.label,
            expected: field.kind.describe(),
            got: value.to_string(),
        }),
    }
}
