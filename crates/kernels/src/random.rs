//! The random source: seeded, split into named streams, the same bits natively and in wasm.
//!
//! A PCG32 generator (64 bits of state, 32 bits out, cheap in wasm, which has no 128-bit product). Nothing in the
//! project draws from a global source: whoever needs randomness gets a [`Random`]. A *stream* is derived from the run's
//! seed and a name, so that adding a layer does not change what another layer draws:
//!
//! ```
//! use mtl_kernels::random::Random;
//! let mut kernel = Random::stream(42, "init/dense_1/kernel");
//! let mut dropout = Random::stream(42, "dropout/dropout_1");
//! let first = kernel.uniform();
//! assert!((0.0..1.0).contains(&first));
//! assert_ne!(first, dropout.uniform());
//! assert_eq!(first, Random::stream(42, "init/dense_1/kernel").uniform());
//! ```

use rand_core::Rng;
use rand_pcg::Pcg32;

use crate::elementary::log_f64;

/// A seeded source of random numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random {
    generator: Pcg32,
    /// The second of the two normal values that one polar draw yields, as bits.
    spare_normal: Option<u64>,
}

impl Random {
    /// The stream without a name.
    pub fn new(seed: u64) -> Self {
        Self::stream(seed, "")
    }

    /// The stream called `name` of the run with this `seed`.
    pub fn stream(seed: u64, name: &str) -> Self {
        let name_hash = fnv1a(name.as_bytes());
        // PCG's own streams (increments) may be correlated, so the state is mixed from both as well.
        let state = mix(mix(seed) ^ name_hash);
        Self {
            generator: Pcg32::new(state, mix(name_hash ^ 0x5851_f42d_4c95_7f2d)),
            spare_normal: None,
        }
    }

    /// 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        self.generator.next_u32()
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// Uniform in [0, 1), a multiple of 2⁻²⁴.
    pub fn uniform(&mut self) -> f32 {
        (self.next_u32() >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    /// Uniform in [0, 1), a multiple of 2⁻⁵³.
    pub fn uniform_f64(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Uniform in [low, high).
    pub fn uniform_in(&mut self, low: f32, high: f32) -> f32 {
        let value = low + (high - low) * self.uniform();
        // The product may round up to `high`, which the interval does not contain.
        if value < high { value } else { low }
    }

    /// Uniform over 0, 1, …, n − 1 without bias (Lemire's product with rejection); `n` must not be 0.
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "a number below 0 was asked for");
        match u32::try_from(n) {
            Ok(n) => {
                let threshold = n.wrapping_neg() % n;
                loop {
                    let product = u64::from(self.next_u32()) * u64::from(n);
                    if product as u32 >= threshold {
                        return (product >> 32) as usize;
                    }
                }
            }
            Err(_) => {
                let n = n as u64;
                let threshold = n.wrapping_neg() % n;
                loop {
                    let product = u128::from(self.next_u64()) * u128::from(n);
                    if product as u64 >= threshold {
                        return (product >> 64) as usize;
                    }
                }
            }
        }
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.uniform_f64() < p
    }

    /// Standard normal (Box and Muller's transform in Marsaglia's polar form, which needs a logarithm only).
    pub fn normal_f64(&mut self) -> f64 {
        if let Some(bits) = self.spare_normal.take() {
            return f64::from_bits(bits);
        }
        loop {
            let u = 2.0 * self.uniform_f64() - 1.0;
            let v = 2.0 * self.uniform_f64() - 1.0;
            let s = u * u + v * v;
            if s < 1.0 && s > 0.0 {
                let scale = (-2.0 * log_f64(s) / s).sqrt();
                self.spare_normal = Some((v * scale).to_bits());
                return u * scale;
            }
        }
    }

    /// Standard normal.
    pub fn normal(&mut self) -> f32 {
        self.normal_f64() as f32
    }

    /// Standard normal, redrawn while it lies more than two standard deviations from 0.
    pub fn truncated_normal(&mut self) -> f32 {
        loop {
            let value = self.normal_f64();
            if value.abs() <= 2.0 {
                return value as f32;
            }
        }
    }

    /// Puts `items` in random order (Fisher and Yates); every order is equally likely.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// 0, 1, …, n − 1 in random order.
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        self.shuffle(&mut order);
        order
    }
}

/// FNV-1a, 64 bits.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The finaliser of SplitMix64: every input bit reaches every output bit.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(value: f64) -> f64 {
        value * value
    }

    #[test]
    fn first_draws_never_change() {
        let mut random = Random::stream(42, "init/dense_1/kernel");
        let draws: Vec<u32> = (0..4).map(|_| random.next_u32()).collect();
        assert_eq!(
            draws,
            [108_965_637, 3_116_171_152, 1_437_364_422, 2_198_370_175],
            "saved runs and shared links depend on these"
        );
        assert_eq!(Random::new(7).normal_f64().to_bits(), 4_606_511_702_575_748_414);
    }

    #[test]
    fn streams_and_seeds_differ() {
        let first = |seed, name| Random::stream(seed, name).next_u64();
        assert_ne!(first(1, "a"), first(2, "a"));
        assert_ne!(first(1, "a"), first(1, "b"));
        assert_ne!(first(1, "ab"), first(1, "ba"));
    }

    #[test]
    fn streams_are_not_correlated() {
        let n = 20_000;
        let mut a = Random::stream(0, "init/dense_1/kernel");
        let mut b = Random::stream(0, "init/dense_2/kernel");
        let mean: f64 = (0..n)
            .map(|_| (a.uniform_f64() - 0.5) * (b.uniform_f64() - 0.5))
            .sum::<f64>()
            / f64::from(n);
        // One standard deviation of the mean is 1/12/sqrt(n).
        assert!(mean.abs() < 4.0 / 12.0 / f64::from(n).sqrt(), "{mean}");
    }

    #[test]
    fn uniform_fills_the_interval_evenly() {
        let mut random = Random::new(3);
        let mut counts = [0_i32; 16];
        for _ in 0..160_000 {
            let value = random.uniform();
            assert!((0.0..1.0).contains(&value));
            counts[(value * 16.0) as usize] += 1;
        }
        let chi_squared: f64 = counts
            .iter()
            .map(|count| square(f64::from(count - 10_000)) / 10_000.0)
            .sum();
        assert!(
            chi_squared < 37.7,
            "15 degrees of freedom, p = 0.001: {chi_squared}"
        );
        for _ in 0..1_000 {
            let value = random.uniform_in(1.0, 1.000_000_2);
            assert!((1.0..1.000_000_2).contains(&value));
        }
    }

    #[test]
    fn below_has_no_bias() {
        let mut random = Random::new(4);
        let mut counts = [0_i32; 7];
        for _ in 0..70_000 {
            counts[random.below(7)] += 1;
        }
        let chi_squared: f64 = counts
            .iter()
            .map(|count| square(f64::from(count - 10_000)) / 10_000.0)
            .sum();
        assert!(
            chi_squared < 22.5,
            "6 degrees of freedom, p = 0.001: {chi_squared}"
        );
        assert_eq!(random.below(1), 0);
    }

    #[test]
    fn normal_has_the_moments_of_a_normal() {
        let mut random = Random::new(5);
        let n = 200_000;
        let values: Vec<f64> = (0..n).map(|_| random.normal_f64()).collect();
        let moment = |power: usize| {
            let powers = values
                .iter()
                .map(|value| std::iter::repeat_n(*value, power).product::<f64>());
            powers.sum::<f64>() / f64::from(n)
        };
        assert!(moment(1).abs() < 0.01, "mean {}", moment(1));
        assert!((moment(2) - 1.0).abs() < 0.02, "variance {}", moment(2));
        assert!(moment(3).abs() < 0.04, "skewness {}", moment(3));
        assert!((moment(4) - 3.0).abs() < 0.1, "kurtosis {}", moment(4));
    }

    #[test]
    fn truncated_normal_stays_within_two_deviations() {
        let mut random = Random::new(6);
        let n = 100_000;
        let values: Vec<f64> = (0..n).map(|_| f64::from(random.truncated_normal())).collect();
        assert!(values.iter().all(|value| value.abs() <= 2.0));
        let deviation = (values.iter().map(|value| value * value).sum::<f64>() / f64::from(n)).sqrt();
        assert!((deviation - 0.879_625_661).abs() < 0.01, "{deviation}");
    }

    #[test]
    fn every_order_is_equally_likely() {
        let mut random = Random::new(8);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..24_000 {
            *counts.entry(random.permutation(4)).or_insert(0_i32) += 1;
        }
        assert_eq!(counts.len(), 24);
        let chi_squared: f64 = counts
            .values()
            .map(|count| square(f64::from(count - 1_000)) / 1_000.0)
            .sum();
        assert!(
            chi_squared < 49.7,
            "23 degrees of freedom, p = 0.001: {chi_squared}"
        );
    }
}
