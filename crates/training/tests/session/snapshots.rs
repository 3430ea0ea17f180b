//! A snapshot comes back whole or not at all.

use mtl_data::prepare::DataSettings;
use mtl_training::protocol::{Command, DataSource, Reply, Request, Run, Snapshot};

use crate::driver::{Driver, impressions};

fn trained() -> Driver {
    let mut driver = Driver::ready();
    driver.run(Run::Steps { n: 20 });
    driver.finish();
    driver
}

#[test]
fn a_snapshot_comes_back_whole() {
    let mut driver = trained();
    let (snapshot, [values, numbers]) = driver.snapshot();
    let expected = (driver.fingerprint(), driver.predict("The hotel is terrible"));
    assert_eq!((snapshot.step, snapshot.evaluations.len()), (20, 2));
    // Into an empty session, and into one that is somewhere else.
    let mut elsewhere = Driver::new();
    elsewhere.tell(Command::Data {
        source: impressions(),
        settings: DataSettings::default(),
    });
    for mut other in [Driver::new(), elsewhere] {
        let (reply, _) = other.ask(
            Request::Restore {
                snapshot: snapshot.clone(),
            },
            vec![values.clone(), numbers.clone()],
        );
        assert_eq!(reply, Ok(Reply::Done));
        assert_eq!(
            (other.fingerprint(), other.predict("The hotel is terrible")),
            expected
        );
        assert_eq!((other.status().step, other.last_model()), (20, (true, None)));
        assert_eq!(
            other.snapshot(),
            (snapshot.clone(), [values.clone(), numbers.clone()])
        );
        other.run(Run::Play);
        other.finish();
        assert_eq!(other.status().epoch, 3.0);
    }
    let mut shuffled = snapshot;
    let n_last = 4 * shuffled.parameters.last().unwrap().1.iter().product::<usize>();
    shuffled.parameters.rotate_right(1);
    let mut moved = values;
    moved.rotate_right(n_last);
    // Each of the optimizer's two slots is in the order of the parameters.
    let mut moved_numbers = numbers;
    let n_values = moved.len();
    for slot in moved_numbers.chunks_exact_mut(n_values) {
        slot.rotate_right(n_last);
    }
    let mut other = Driver::new();
    let request = Request::Restore { snapshot: shuffled };
    assert_eq!(other.ask(request, vec![moved, moved_numbers]).0, Ok(Reply::Done));
    assert_eq!(
        other.fingerprint(),
        expected.0,
        "the order of the parameters does not count"
    );
    for driver in [&mut driver, &mut other] {
        driver.run(Run::Steps { n: 3 });
        driver.finish();
    }
    assert_eq!(other.fingerprint(), driver.fingerprint(), "nor for the moments");
}

#[test]
fn what_does_not_fit_is_named_and_changes_nothing() {
    let mut driver = trained();
    let (snapshot, [values, numbers]) = driver.snapshot();
    let state = (driver.fingerprint(), driver.status());
    let mut refuse = |change: &dyn Fn(&mut Snapshot, &mut Vec<u8>), expected: &str| {
        let (mut snapshot, mut values) = (snapshot.clone(), values.clone());
        change(&mut snapshot, &mut values);
        let n_events = driver.out.len();
        let (reply, _) = driver.ask(Request::Restore { snapshot }, vec![values, numbers.clone()]);
        let error = reply.unwrap_err();
        assert!(error.contains(expected), "{error}");
        assert_eq!((driver.fingerprint(), driver.status()), state);
        assert_eq!(driver.out.len(), n_events, "nothing else is said");
    };
    refuse(&|_, values| values.truncate(values.len() - 1), "bytes of values");
    refuse(
        &|_, values| values[..4].copy_from_slice(&f32::NAN.to_le_bytes()),
        "got NaN",
    );
    refuse(
        &|snapshot, _| snapshot.parameters[1].0 = "other/kernel".into(),
        "expected nothing",
    );
    refuse(
        &|snapshot, _| snapshot.parameters[1].0 = snapshot.parameters[0].0.clone(),
        "it twice",
    );
    refuse(
        &|snapshot, _| snapshot.parameters[0].1.reverse(),
        "expected shape",
    );
    let without_last = |snapshot: &mut Snapshot, values: &mut Vec<u8>| {
        let (_, shape) = snapshot.parameters.pop().unwrap();
        values.truncate(values.len() - 4 * shape.iter().product::<usize>());
    };
    refuse(&without_last, "got nothing");
    refuse(
        &|snapshot, _| snapshot.vocabularies[0].1[3] = "changed".into(),
        "the vocabulary of the data set differs",
    );
    refuse(
        &|snapshot, _| snapshot.design.wires.clear(),
        "cannot be trained yet",
    );
    refuse(&|snapshot, _| snapshot.settings.batch_size = 0, "`batch_size`");
    refuse(
        &|snapshot, _| snapshot.data_settings.stratify = "nothing".into(),
        "the data set was not loaded",
    );
    refuse(
        &|snapshot, _| {
            snapshot.source = DataSource::Asset {
                key: "opinion-domains".into(),
            }
        },
        "did not arrive",
    );
}
