//! Copies of the state that steps change: for a profile, which restores it, and for a run that diverges, which goes back to it.

use std::ops::Range;

use mtl_kernels::vector::all_finite;

use super::{RunState, StepReport, Trainer};
use crate::RunError;

/// Steps between two good states that are kept.
const KEEP_EVERY_STEPS: u64 = 50;
/// Most numbers of a state that is kept (64 MB): parameters and the optimizer's slots.
const MAX_KEPT_NUMBERS: usize = 16_000_000;

/// A copy of everything that steps change.
pub(crate) struct Kept {
    values: Vec<f32>,
    state: RunState,
    report: StepReport,
    unchecked: bool,
}

impl Trainer {
    /// A copy of everything that steps change.
    pub(crate) fn keep(&self) -> Kept {
        Kept {
            values: self.model.values().to_vec(),
            state: self.state.clone(),
            report: self.report.clone(),
            unchecked: self.unchecked,
        }
    }

    /// Puts back what [`Trainer::keep`] has copied.
    pub(crate) fn put_back(&mut self, kept: Kept) {
        self.model.values_mut().copy_from_slice(&kept.values);
        self.state = kept.state;
        self.report = kept.report;
        self.unchecked = kept.unchecked;
    }

    /// Checks that all parameters are finite. Every step checks those that it updates; running statistics, and what another device
    /// has computed, are checked here.
    pub(crate) fn check_parameters(&mut self) -> Result<(), RunError> {
        if self.settings.lazy_rows && !self.unchecked {
            return Ok(());
        }
        if !all_finite(self.model.values()) {
            return Err(self.not_finite());
        }
        self.unchecked = false;
        Ok(())
    }

    /// The error that names the first parameter that is not finite.
    pub(super) fn not_finite(&self) -> RunError {
        let is_finite = |range: &Range<usize>| all_finite(&self.model.values()[range.clone()]);
        let mut parameters = self.model.parameters().iter();
        let parameter = parameters.find(|parameter| !is_finite(&parameter.range));
        let tasks = self.model.tasks().iter().enumerate();
        RunError::NotFinite {
            parameter: parameter.map_or_else(String::new, |parameter| parameter.name.clone()),
            step: self.state.step,
            tasks: tasks
                .filter(|(task_idx, _)| {
                    parameter.is_some_and(|parameter| parameter.tasks.contains(*task_idx))
                })
                .map(|(_, task)| task.name.clone())
                .collect(),
        }
    }

    /// Keeps the state when it is good and the last one that was kept is [`KEEP_EVERY_STEPS`] steps old; the buffers are allocated
    /// once. The initial state is not kept: a reset gives it back.
    pub(crate) fn keep_good(&mut self) {
        let step = self.state.step;
        let kept_step = self.good.as_ref().map_or(0, |good| good.state.step);
        let n_numbers = self.model.values().len() * (1 + self.state.optimizer.slots().len());
        let is_due = match &self.good {
            None => step > 0,
            Some(_) => step >= kept_step + KEEP_EVERY_STEPS || step < kept_step,
        };
        if !is_due
            || n_numbers > MAX_KEPT_NUMBERS
            || !self
                .state
                .is_good(&self.report.losses, &self.report.labelled_rows)
        {
            return;
        }
        match &mut self.good {
            Some(good) => {
                good.values.copy_from_slice(self.model.values());
                good.state.copy_from(&self.state);
                good.report.clone_from(&self.report);
                good.unchecked = self.unchecked;
            }
            None => self.good = Some(self.keep()),
        }
    }

    /// The step of the last good state.
    pub(crate) fn good_step(&self) -> Option<u64> {
        self.good.as_ref().map(|good| good.state.step)
    }

    /// Goes back to the last good state; false when there is none.
    pub(crate) fn go_back(&mut self) -> bool {
        let Some(good) = &self.good else {
            return false;
        };
        self.model.values_mut().copy_from_slice(&good.values);
        self.state.go_back_to(&good.state, good.values.len(), &self.setup);
        self.report.clone_from(&good.report);
        self.unchecked = good.unchecked;
        true
    }
}
