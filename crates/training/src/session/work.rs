//! The work of a slice: one batch to train or to evaluate, and what is reported of it.

use mtl_base::NodeId;
use mtl_base::text::Message;

use super::webgpu::Turn;
use super::{Goal, Outgoing, RunPhase, Session};
use crate::evaluation::{EvaluationJob, baselines};
use crate::protocol::{Event, Progress, Reply, Split, Watch};

impl Session {
    /// Evaluates or trains one batch; false when nothing can be done before WebGPU answers.
    pub(super) fn work(&mut self, now_ms: f64, out: &mut Vec<Outgoing>) -> bool {
        let (Some(data), Some(run)) = (&self.data, &mut self.run) else {
            // Neither phase nor jobs outlive the run; stopping here prevents an endless slice.
            self.phase = RunPhase::Paused;
            self.jobs.clear();
            return true;
        };
        if let Some(mut job) = self.jobs.pop_front() {
            if job.advance(run, &data.prepared, self.settings.batch_size) {
                self.finish_evaluation(job, out);
            } else {
                self.jobs.push_front(job);
            }
            return true;
        }
        let turn = self.turn(now_ms, out);
        if matches!(turn, Turn::Taken) {
            return true;
        }
        if matches!(turn, Turn::Waiting) || self.phase != RunPhase::Running {
            return false;
        }
        if self.goal == Goal::LastEpoch && self.all_epochs_done() {
            self.halt(RunPhase::Finished, None, out);
            return true;
        }
        if matches!(turn, Turn::Webgpu) {
            return self.queue_step(now_ms, out);
        }
        self.step_on_cpu(out);
        true
    }

    fn step_on_cpu(&mut self, out: &mut Vec<Outgoing>) {
        let Some(run) = &mut self.run else { return };
        run.keep_good();
        match run.train_step() {
            Ok(n_rows) => {
                self.throughput.count(n_rows);
                let report = run.report();
                self.pending.add(&report.losses, &report.labelled_rows);
                self.after_step(out);
            }
            Err(error) => self.halt_diverged(&error, out),
        }
    }

    /// To be called after a step, when the CPU has the parameters: starts the evaluations after an epoch, and answers the requests
    /// for steps that are done.
    pub(super) fn after_step(&mut self, out: &mut Vec<Outgoing>) {
        let (Some(data), Some(run)) = (&self.data, &mut self.run) else {
            return;
        };
        if run.at_epoch_end() {
            if let Err(error) = run.trainer.check_parameters() {
                return self.halt_diverged(&error, out);
            }
            let epoch_rows = [
                (Split::Train, &data.train_sample),
                (Split::Validation, &data.prepared.splits.validation),
            ];
            for (split, rows) in epoch_rows.into_iter().filter(|(_, rows)| !rows.is_empty()) {
                self.jobs
                    .push_back(EvaluationJob::new(run, split, rows.clone(), None));
            }
        }
        self.answer_reached_targets(out);
    }

    fn finish_evaluation(&mut self, job: EvaluationJob, out: &mut Vec<Outgoing>) {
        let Some(run) = &self.run else { return };
        let id = job.id;
        let evaluation = job.finish(run, self.elapsed_ms);
        self.evaluations.retain(|old| old.split != evaluation.split);
        self.evaluations.push(evaluation.clone());
        out.push(
            Event::Evaluation {
                evaluation: evaluation.clone(),
            }
            .into(),
        );
        if let Some(id) = id {
            let baselines = match (&self.data, evaluation.split) {
                (None, _) | (_, Split::Train) => Vec::new(),
                (Some(data), split) => baselines(&data.prepared, split),
            };
            let reply = Reply::Evaluation {
                evaluation,
                baselines,
            };
            out.push(Outgoing::reply(id, Ok(reply)));
        } else if evaluation.split == Split::Validation {
            let task_idx = match &self.settings.stop.watch {
                Watch::Loss(_) => None,
                Watch::Metric(watched) => run.task_idx(watched.task),
            };
            let weights: Vec<f32> = run.model().task_weights().collect();
            let stops = self
                .stopping
                .observe(&self.settings.stop, &evaluation, task_idx, &weights);
            if stops && self.phase == RunPhase::Running && self.goal == Goal::LastEpoch {
                let note = self.patience_note(self.settings.stop.patience);
                self.halt(RunPhase::Finished, Some(note), out);
            }
        }
        self.answer_evaluated_targets(out);
    }

    fn patience_note(&self, patience: u32) -> Message {
        let (en, zh) = match &self.settings.stop.watch {
            Watch::Loss(_) => ("the validation loss".to_owned(), "验证损失".to_owned()),
            Watch::Metric(watched) => {
                let (name, label) = (self.task_name(watched.task), watched.metric.label());
                (
                    format!("{} of `{name}`", label.en),
                    format!("“{name}”的{}", label.zh),
                )
            }
        };
        Message::new(
            format!("stopped early: {en} has not improved for {patience} evaluations"),
            format!("提前停止：{zh}已连续 {patience} 次评估没有改善"),
        )
    }

    fn task_name(&self, head: NodeId) -> String {
        let node = self.design.as_ref().and_then(|design| design.node(head));
        node.map_or_else(|| head.0.to_string(), |node| node.name.clone())
    }

    pub(super) fn report_progress(&mut self, out: &mut Vec<Outgoing>) {
        let Some(run) = &self.run else { return };
        let (steps_per_second, examples_per_second) = self.throughput.rates(self.elapsed_ms);
        let mean = |(sum, n): &(f64, u32)| (*n > 0).then(|| (sum / f64::from(*n)) as f32);
        let progress = Progress {
            step: run.n_steps(),
            epoch: run.epoch(),
            elapsed_ms: self.elapsed_ms,
            losses: self.pending.sums.iter().map(mean).collect(),
            penalty: run.model().penalty(),
            learning_rate: run.report().learning_rate,
            weights: run.report().weights.clone(),
            steps_per_second,
            examples_per_second,
        };
        self.pending.sums.fill((0.0, 0));
        self.pending.n_steps = 0;
        out.push(Event::Progress { progress }.into());
    }
}
