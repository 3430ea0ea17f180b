//! Sorting and ordered collections in little code.
//!
//! `sort_by`, and `collect` or `from` into a `BTreeMap` or `BTreeSet` (which sort first), compile a whole sort for every type that
//! is sorted: together they were a twentieth of the page. What is sorted here is short (nodes, wires, labels), so that one sort of
//! indices serves all of it. What is long or sorted in every step uses the standard library's.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// A map of these entries; of two with the same key the last one stays.
pub fn map<K: Ord, V>(entries: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    map.extend(entries);
    map
}

/// A set of these items.
pub fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    set.extend(items);
    set
}

/// As `[T]::sort_by_key`: equal items keep their order.
pub fn sort_by_key<T, K: Ord>(items: &mut [T], key: impl Fn(&T) -> K) {
    sort_by(items, |a, b| key(a).cmp(&key(b)));
}

/// As `[T]::sort_by`: equal items keep their order.
pub fn sort_by<T>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let order = order_of(items.len(), &|a, b| compare(&items[a], &items[b]));
    // Item `order[i]` belongs to place `i`; one that was moved away is where the item went that took its place.
    for place in 0..items.len() {
        let mut from = order[place];
        while from < place {
            from = order[from];
        }
        items.swap(place, from);
    }
}

fn order_of(n: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| compare(*a, *b));
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn sorts_as_the_standard_library_does() {
        let mut random = Random::stream(1, "sorts");
        for n in 0..60 {
            let mut items: Vec<(usize, usize)> =
                (0..n).map(|index| (random.below(n / 2 + 1), index)).collect();
            let mut expected = items.clone();
            expected.sort_by_key(|item| item.0);
            sort_by_key(&mut items, |item| item.0);
            assert_eq!(items, expected);
        }
    }

    #[test]
    fn collects_as_the_standard_library_does() {
        let entries = [(3, 'a'), (1, 'b'), (3, 'c')];
        assert_eq!(map(entries), BTreeMap::from(entries));
        assert_eq!(set([2, 1, 2]), BTreeSet::from([1, 2]));
    }
}
