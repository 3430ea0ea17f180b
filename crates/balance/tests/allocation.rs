//! A step of any method allocates nothing: counted by an allocator.
#![allow(unsafe_code, reason = "an allocator is unsafe by its trait")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use mtl_balance::{BalanceConfig, BalanceOptions, Balancer, Needs, Rows, Setup, StepInput};
use mtl_kernels::random::Random;

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_step_of_any_method_allocates_nothing() {
    let (n, stride) = (5, 40);
    let mut random = Random::new(1);
    let values: Vec<f32> = (0..n * stride).map(|_| random.normal()).collect();
    let columns = [0..11, 13..40];
    let rows = Rows {
        values: &values,
        stride,
        columns: &columns,
    };
    let metric = vec![2.0; stride];
    let (mut gram, mut out) = (vec![0.0; n * n], vec![0.0; stride]);
    let losses = [0.5, 1.0, 2.0, 0.1, 0.7];
    for (key, _) in BalanceConfig::OPTIONS {
        let config = BalanceConfig::from_key(key).unwrap();
        let setup = Setup {
            n_shared: rows.n_shared(),
            ..Setup::with_tasks(n)
        };
        let mut balancer = Balancer::new(&config, &BalanceOptions::default(), &setup);
        for step in 0..120 {
            let before = COUNT.get();
            let input = StepInput {
                step,
                losses: &losses,
                labelled: &[true, true, step != 1, true, true],
            };
            if balancer.needs() == Needs::Gram {
                rows.gram(Some(&metric), &mut gram);
                std::hint::black_box(balancer.weights_from_gram(&input, &gram));
            } else {
                std::hint::black_box(balancer.weights_from_losses(&input));
            }
            balancer.combine(&rows, &mut out);
            balancer.after_step(&[0.4, 0.9, 1.9, 0.08, 0.6]);
            balancer.end_epoch(&losses);
            assert_eq!(COUNT.get() - before, 0, "{key}: allocations in step {step}");
        }
    }
}
