//! How many random cases a test tries.

/// The number in an environment variable, else `default`: a test tries more in release, once, before a version is published.
pub fn count_or(variable: &str, default: u64) -> u64 {
    std::env::var(variable)
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(default)
}
