//! Clustering by affinity propagation (Frey and Dueck 2007), which finds the number of clusters itself.
//!
//! Messages between items: responsibilities `r(i, k) = s(i, k) - max over k' ≠ k of (a(i, k') + s(i, k'))` and
//! availabilities `a(i, k) = min(0, r(k, k) + Σ over i' ∉ {i, k} of max(0, r(i', k)))`,
//! `a(k, k) = Σ over i' ≠ k of max(0, r(i', k))`, each damped by a half, until the exemplars
//! (`a(k, k) + r(k, k) > 0`) have not changed for [`UNCHANGED`] rounds. An item belongs to the exemplar that it is
//! most similar to. The diagonal of the similarities, how much an item wants to be an exemplar, is their median. As
//! scikit-learn computes it, but where that adds random noise against ties (two items that are most similar to each
//! other would both become exemplars), here an item has a little less preference (1e-12 of the range) than the one
//! before it.

/// Rounds without a change that end it.
pub const UNCHANGED: usize = 50;
/// Relative to the range of the similarities.
const TIE_BREAK: f64 = 1e-12;
const MAX_ROUNDS: usize = 200;
const DAMPING: f64 = 0.5;

/// Working memory for `n` items.
pub struct Workspace<'a> {
    /// `n x n`.
    pub availability: &'a mut [f64],
    /// `n x n`.
    pub responsibility: &'a mut [f64],
    /// `n x n`.
    pub sums: &'a mut [f64],
    /// `n`: rounds without a change.
    pub runs: &'a mut [f64],
    /// `n`.
    pub values: &'a mut [f64],
    /// `n`: who is an exemplar.
    pub flags: &'a mut [bool],
}

/// Writes into `labels` the number of each item's cluster, 0, 1, ... in the order of their first items, and
/// overwrites the diagonal of `similarity` (`n x n`). Leaves `labels` as they are where no exemplar is found.
pub fn cluster(similarity: &mut [f64], n: usize, work: Workspace<'_>, labels: &mut [f64]) {
    let Workspace {
        availability,
        responsibility,
        sums,
        runs,
        values,
        flags,
    } = work;
    let sums = &mut sums[..n * n];
    sums.copy_from_slice(similarity);
    sums.sort_unstable_by(f64::total_cmp);
    let preference = 0.5 * (sums[(n * n - 1) / 2] + sums[n * n / 2]);
    let range = sums[n * n - 1] - sums[0];
    let first = similarity[n.min(2) - 1];
    let is_flat = (0..n * n).all(|index| index / n == index % n || similarity[index] == first);
    if is_flat {
        for (item, label) in labels.iter_mut().enumerate() {
            *label = if n == 1 || preference > first {
                item as f64
            } else {
                0.0
            };
        }
        return;
    }
    for item in 0..n {
        similarity[item * n + item] = preference - TIE_BREAK * range * item as f64;
    }
    let (availability, responsibility) = (&mut availability[..n * n], &mut responsibility[..n * n]);
    availability.fill(0.0);
    responsibility.fill(0.0);
    runs.fill(0.0);
    flags.fill(false);
    for round in 0..MAX_ROUNDS {
        send_responsibilities(similarity, availability, responsibility, n);
        send_availabilities(responsibility, availability, values, n);
        let mut n_exemplars = 0;
        for item in 0..n {
            let is_exemplar = availability[item * n + item] + responsibility[item * n + item] > 0.0;
            n_exemplars += usize::from(is_exemplar);
            let is_same = round > 0 && is_exemplar == flags[item];
            runs[item] = if is_same { runs[item] + 1.0 } else { 1.0 };
            flags[item] = is_exemplar;
        }
        let is_settled = runs[..n].iter().all(|run| *run >= UNCHANGED as f64);
        if round >= UNCHANGED && is_settled && n_exemplars > 0 {
            break;
        }
    }
    assign(similarity, flags, n, labels);
}

fn send_responsibilities(similarity: &[f64], availability: &[f64], responsibility: &mut [f64], n: usize) {
    for i in 0..n {
        let (mut best, mut best_at, mut second) = (f64::NEG_INFINITY, 0, f64::NEG_INFINITY);
        for k in 0..n {
            let value = availability[i * n + k] + similarity[i * n + k];
            if value > best {
                (second, best, best_at) = (best, value, k);
            } else if value > second {
                second = value;
            }
        }
        for k in 0..n {
            let rival = if k == best_at { second } else { best };
            let message = similarity[i * n + k] - rival;
            let old = &mut responsibility[i * n + k];
            *old = DAMPING * *old + (1.0 - DAMPING) * message;
        }
    }
}

fn send_availabilities(responsibility: &[f64], availability: &mut [f64], values: &mut [f64], n: usize) {
    for k in 0..n {
        let own = responsibility[k * n + k];
        let support: f64 = (0..n)
            .filter(|i| *i != k)
            .map(|i| responsibility[i * n + k].max(0.0))
            .sum();
        values[k] = own + support;
        for i in 0..n {
            let message = if i == k {
                support
            } else {
                (values[k] - responsibility[i * n + k].max(0.0)).min(0.0)
            };
            let old = &mut availability[i * n + k];
            *old = DAMPING * *old + (1.0 - DAMPING) * message;
        }
    }
}

/// Gives every item to an exemplar, makes the most central item of each cluster its exemplar, and gives them out again.
fn assign(similarity: &[f64], flags: &mut [bool], n: usize, labels: &mut [f64]) {
    if !flags[..n].iter().any(|flag| *flag) {
        return;
    }
    // Labels are items until the end.
    for turn in 0..2 {
        for i in 0..n {
            let mut best = None;
            for k in (0..n).filter(|k| flags[*k]) {
                if best.is_none_or(|best: usize| similarity[i * n + k] > similarity[i * n + best]) {
                    best = Some(k);
                }
            }
            labels[i] = if flags[i] {
                i as f64
            } else {
                best.unwrap_or(i) as f64
            };
        }
        if turn == 0 {
            for k in 0..n {
                if !flags[k] {
                    continue;
                }
                let members = |item: usize| labels[item] == k as f64;
                let centrality = |j: usize| -> f64 {
                    (0..n)
                        .filter(|i| members(*i))
                        .map(|i| similarity[i * n + j])
                        .sum()
                };
                let mut best = k;
                let mut largest = f64::NEG_INFINITY;
                for j in (0..n).filter(|j| members(*j)) {
                    if centrality(j) > largest {
                        (best, largest) = (j, centrality(j));
                    }
                }
                if best != k {
                    flags[k] = false;
                    flags[best] = true;
                    // Its members move with it, so that it is not looked at again.
                    for label in labels.iter_mut().filter(|label| **label == k as f64) {
                        *label = best as f64;
                    }
                }
            }
        }
    }
    // Clusters are numbered in the order of their first items; until then their labels are out of the numbers' reach.
    for label in labels.iter_mut().take(n) {
        *label += n as f64;
    }
    let mut number = 0.0;
    for item in 0..n {
        let label = labels[item];
        if label >= n as f64 {
            for other in labels[item..].iter_mut().filter(|other| **other == label) {
                *other = number;
            }
            number += 1.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clusters(points: &[f64]) -> Vec<f64> {
        let n = points.len();
        let mut similarity: Vec<f64> = (0..n * n)
            .map(|index| -(points[index / n] - points[index % n]).abs())
            .collect();
        let mut labels = vec![-1.0; n];
        let work = Workspace {
            availability: &mut vec![0.0; n * n],
            responsibility: &mut vec![0.0; n * n],
            sums: &mut vec![0.0; n * n],
            runs: &mut vec![0.0; n],
            values: &mut vec![0.0; n],
            flags: &mut vec![false; n],
        };
        cluster(&mut similarity, n, work, &mut labels);
        labels
    }

    #[test]
    fn neighbours_are_together() {
        assert_eq!(
            clusters(&[0.0, 0.1, 5.0, 5.2, 0.25, 5.1]),
            [0.0, 0.0, 1.0, 1.0, 0.0, 1.0]
        );
        assert_eq!(clusters(&[3.0]), [0.0]);
    }
}
