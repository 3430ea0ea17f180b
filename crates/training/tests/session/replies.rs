//! Every command gets one reply, with its id.

use mtl_training::protocol::{Command, Event, Reply, Request, Run, RunSettings, RunStatus, Split};
use mtl_training::{Outgoing, RunError};

use crate::driver::{Driver, data_settings, impressions, settings, text_input};

impl Driver {
    fn send(&mut self, id: u32, command: Command) {
        self.session.handle(id, command, vec![], &mut self.out);
    }

    fn send_run(&mut self, id: u32, run: Run) {
        self.send(id, Command::Run { run });
    }

    /// The replies so far, in their order.
    fn replies(&self) -> Vec<(u32, &Result<Reply, RunError>)> {
        let reply = |out: &'_ Outgoing| matches!(out, Outgoing::Reply { .. });
        let replies = self.out.iter().filter(|out| reply(out));
        replies
            .filter_map(|out| match out {
                Outgoing::Reply { id, reply, .. } => Some((*id, reply)),
                Outgoing::Event(_) => None,
            })
            .collect()
    }

    /// The status in the reply to a command.
    fn status_of(&self, id: u32) -> Option<RunStatus> {
        self.replies().into_iter().find_map(|(of, reply)| match reply {
            Ok(Reply::Status { status }) if of == id => Some(status.clone()),
            _ => None,
        })
    }
}

#[test]
fn concurrent_requests_for_steps_all_count_and_each_is_answered_at_its_step() {
    let mut driver = Driver::ready();
    for id in 11..=13 {
        driver.send_run(id, Run::Steps { n: 5 });
    }
    driver.send_run(14, Run::Epoch);
    driver.finish();
    let steps: Vec<_> = (11..=14).map(|id| driver.status_of(id).unwrap().step).collect();
    // The epoch has 15 steps, which are requested already: it is the end of the next.
    assert_eq!(steps, [5, 10, 15, 30]);
    let order: Vec<u32> = driver
        .replies()
        .iter()
        .map(|(id, _)| *id)
        .filter(|id| *id > 10)
        .collect();
    assert_eq!(order, [11, 12, 13, 14]);
    // Play goes on beyond the requested steps, which are answered all the same; steps after it make it pause.
    driver.send_run(15, Run::Steps { n: 3 });
    driver.send_run(16, Run::Play);
    driver.finish();
    assert_eq!(driver.status_of(15).unwrap().step, 33);
    assert_eq!(driver.status().epoch, 3.0);
}

#[test]
fn an_epoch_is_answered_after_its_evaluations() {
    let mut driver = Driver::ready();
    driver.send_run(11, Run::Epoch);
    driver.finish();
    let position = |wanted: &dyn Fn(&Outgoing) -> bool| driver.out.iter().rposition(wanted).unwrap();
    let evaluated = position(&|out| matches!(out.event(), Some(Event::Evaluation { .. })));
    let answered = position(&|out| matches!(out, Outgoing::Reply { id: 11, .. }));
    assert!(evaluated < answered);
    assert_eq!(driver.evaluations().len(), 2);
}

#[test]
fn requests_for_steps_are_answered_by_a_pause_and_fail_with_a_reset() {
    let mut driver = Driver::ready();
    driver.send_run(11, Run::Steps { n: 50 });
    driver.slice(4.0);
    driver.send_run(12, Run::Pause);
    let paused = driver.status_of(11).unwrap();
    assert!(paused.step < 50 && driver.status_of(12) == Some(paused));
    driver.send_run(13, Run::Steps { n: 50 });
    driver.send_run(14, Run::Reset);
    assert!(driver.replies().contains(&(13, &Err(RunError::Replaced))));
    assert_eq!(driver.status_of(14).unwrap().step, 0);
    for id in 20..60 {
        driver.send_run(id, Run::Steps { n: 1 });
    }
    driver.finish();
    let n_refused = driver
        .replies()
        .iter()
        .filter(|(_, reply)| matches!(reply, Err(RunError::TooMany { .. })))
        .count();
    assert_eq!(driver.status().step as usize + n_refused, 40);
}

/// Whatever is sent, in any order and between any slices, gets exactly one reply.
#[test]
fn every_command_gets_exactly_one_reply() {
    let mut state = 7_u64;
    let mut draw = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) % n
    };
    let mut driver = Driver::ready();
    let design = driver.design();
    let mut broken = design.clone();
    broken.wires.pop();
    let n_before = driver.replies().len();
    let mut n_sent = 0;
    for id in 1_000..1_400 {
        let command = match draw(14) {
            0 => Command::Data {
                source: if draw(2) == 0 {
                    impressions()
                } else {
                    crate::driver::reviews()
                },
                settings: data_settings(),
            },
            1 => Command::Design {
                design: design.clone(),
            },
            2 => Command::Design {
                design: broken.clone(),
            },
            3 => Command::Settings {
                settings: RunSettings {
                    seed: draw(3),
                    learning_rate: if draw(4) == 0 { f32::NAN } else { 0.01 },
                    ..settings()
                },
            },
            4 => Command::Run { run: Run::Play },
            5 => Command::Run { run: Run::Pause },
            6 | 7 => Command::Run {
                run: Run::Steps { n: draw(6) as u32 },
            },
            8 => Command::Run { run: Run::Epoch },
            9 => Command::Run { run: Run::Reset },
            10 => Command::Run { run: Run::Rewind },
            11 => Command::Ask {
                request: Request::Predict {
                    input: text_input("good"),
                },
            },
            12 => Command::Ask {
                request: Request::Evaluate {
                    split: Split::Validation,
                },
            },
            _ => Command::Ask {
                request: Request::State,
            },
        };
        driver.send(id, command);
        n_sent += 1;
        if draw(3) == 0 {
            driver.slice(draw(5) as f64);
        }
    }
    driver.finish();
    let mut ids: Vec<u32> = driver.replies()[n_before..].iter().map(|(id, _)| *id).collect();
    assert_eq!(ids.len(), n_sent);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), n_sent, "no id is answered twice");
}
