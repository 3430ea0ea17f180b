//! Memory returns to its level: counted by an allocator.

#[path = "common/counting.rs"]
#[allow(dead_code, reason = "the largest amount is for another test")]
mod counting;
#[path = "session/driver.rs"]
#[allow(dead_code, reason = "the tests of the session use all of it")]
mod driver;

use counting::live;
use driver::Driver;
use mtl_engine::design::presets;
use mtl_training::protocol::{Command, Run};

/// One run of each of two designs, trained, evaluated and thrown away.
fn run(driver: &mut Driver) -> isize {
    for preset in ["text-towers", "shared-lstm"] {
        let design = presets::design(preset, &driver.schema()).expect("a preset");
        driver.tell(Command::Design { design });
        driver.run(Run::Reset);
        driver.run(Run::Epoch);
        driver.finish();
    }
    // The outputs are the page's, but for the event with the data set, which is the third.
    driver.out.truncate(3);
    driver.out.shrink_to_fit();
    live()
}

#[test]
fn fifty_runs_leave_nothing_behind() {
    let mut driver = Driver::ready();
    run(&mut driver);
    let level = run(&mut driver);
    for number in 0..50 {
        let now = run(&mut driver);
        assert!(
            (now - level).abs() < 4096,
            "run {number}: {now} bytes, {level} before"
        );
    }
}
