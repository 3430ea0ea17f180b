//! Memory returns to its level: counted by an allocator.
#![allow(unsafe_code, reason = "an allocator is unsafe by its trait")]

#[path = "session/driver.rs"]
#[allow(dead_code, reason = "the tests of the session use all of it")]
mod driver;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, Ordering};

use driver::Driver;
use mtl_engine::design::presets;
use mtl_training::protocol::{Command, Run};

struct Counting;

static LIVE: AtomicIsize = AtomicIsize::new(0);

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One run of each of two designs, trained, evaluated and thrown away.
fn run(driver: &mut Driver) -> isize {
    for preset in ["text-towers", "shared-lstm"] {
        let design = presets::design(preset, &driver.schema()).expect("a preset");
        driver.tell(Command::Design { design });
        driver.run(Run::Reset);
        driver.run(Run::Epoch);
        driver.finish();
    }
    // What was said is the page's, but for the event that names the data set.
    driver.out.truncate(2);
    driver.out.shrink_to_fit();
    LIVE.load(Ordering::Relaxed)
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
