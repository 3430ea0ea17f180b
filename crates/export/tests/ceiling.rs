//! What a weights file may cost: no bytes, whatever they are, make the readers hold more than a stated multiple of them.

#![allow(unsafe_code, reason = "a counting allocator")]
#![allow(clippy::disallowed_macros, reason = "a test prints what it measures")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use mtl_base::schema::Schema;
use mtl_engine::design::Design;
use mtl_export::weights::{self, DataDescription, ParameterHeader, Software, WeightsFile};
use mtl_kernels::random::Random;

/// Counts the bytes that are held, and the most that were.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Relaxed) + layout.size();
        MOST.fetch_max(held, Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most that was held beyond what was held before.
fn most_held<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = HELD.load(Relaxed);
    MOST.store(before, Relaxed);
    let done = work();
    (MOST.load(Relaxed) - before, done)
}

/// A byte of a file costs at most this many bytes while it is read: the shortest number (`0,`) becomes 4 bytes as a value, and
/// again as little-endian bytes, in vectors that double; a list of settings becomes a tree.
const PER_BYTE: usize = 40;
/// And this is held in any case.
const FIXED: usize = 64 * 1024;

fn files() -> [Vec<u8>; 2] {
    let n_values = 3_000;
    let file = WeightsFile {
        software: Software::this(),
        design: Design::new("ceiling"),
        data: DataDescription {
            schema: Schema::default(),
            ..DataDescription::default()
        },
        settings: serde_json::json!({ "epochs": 1, "list": vec![0; 300] }),
        seed: 1,
        step: 10,
        epoch: 1.0,
        metrics: vec![serde_json::json!([[[0]]])],
        parameters: vec![ParameterHeader {
            name: "dense/kernel".into(),
            shape: vec![n_values / 10, 10],
        }],
    };
    let values = vec![0.0; n_values];
    let bytes = vec![0; 4 * n_values];
    let json = weights::encode(&file, &values).expect("a file that can be written");
    let mut tensors = weights::encode_header(&file, &bytes).expect("a file that can be written");
    tensors.extend(bytes);
    [json, tensors]
}

#[test]
fn faults_no_file_makes_the_reader_hold_more_than_a_multiple_of_it() {
    let mut random = Random::stream(3, "ceiling");
    let mut worst = 0.0_f64;
    for good in files() {
        for edit in 0..3_000 {
            let mut bytes = good.clone();
            for _ in 0..if edit == 0 { 0 } else { 1 + random.below(6) } {
                let at = random.below(bytes.len().min(4_000));
                match random.below(4) {
                    0 => bytes[at] = random.next_u32() as u8,
                    1 => bytes.insert(at, b"{}[]\",:0-9eN\\"[random.below(13)]),
                    2 => drop(bytes.remove(at)),
                    _ => {
                        // Numbers that claim too much.
                        let claim =
                            ["4294967295", "18446744073709551615", "99999999", "[[[[[[[["][random.below(4)];
                        bytes.splice(at..at, claim.bytes());
                    }
                }
            }
            let n = bytes.len();
            let (most, outcome) = most_held(|| weights::decode_bytes(bytes));
            drop(outcome);
            assert!(
                most <= n * PER_BYTE + FIXED,
                "{n} bytes, {most} held, after edit {edit}"
            );
            worst = worst.max(most as f64 / n as f64);
        }
    }
    println!("at most {worst:.1} bytes per byte of the file");
}
