//! The generated cases of `docs/data.md`: sharing helps the task with few labels, and hurts the one with the small loss.

use mtl_examples::sharing_cases::{cases, run};

fn figures(name: &str) -> [f64; 2] {
    let case = cases()
        .into_iter()
        .find(|case| case.name == name)
        .expect("a case");
    let test = |labels: &[&str]| run(&case, labels, 1).expect("a run").1;
    [test(&[&case.target]), test(&[&case.target, &case.beside])]
}

#[test]
fn sharing_helps_a_task_with_few_labels_beside_a_related_one() {
    let [alone, together] = figures("helps-generated");
    assert!(together < 0.85 * alone, "RMSE {alone} alone, {together} together");
}

#[test]
fn sharing_hurts_a_task_in_euros_beside_one_in_cents() {
    let [alone, together] = figures("hurts-generated");
    assert!(together > 1.5 * alone, "RMSE {alone} alone, {together} together");
}
