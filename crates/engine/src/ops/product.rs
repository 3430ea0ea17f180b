//! The matrix product in the three forms that training needs.

/// Length of the working space that the product needs.
pub fn packing_len() -> usize {
    0
}

/// `c (+)= a b` with a: m × k, b: k × n.
pub fn nn(
    m: usize,
    k: usize,
    n: usize,
    a: &[f32],
    b: &[f32],
    c: &mut [f32],
    accumulate: bool,
    _packing: &mut [f32],
) {
    for i in 0..m {
        let row = &mut c[i * n..(i + 1) * n];
        if !accumulate {
            row.fill(0.0);
        }
        for p in 0..k {
            let factor = a[i * k + p];
            for (value, weight) in row.iter_mut().zip(&b[p * n..(p + 1) * n]) {
                *value += factor * weight;
            }
        }
    }
}

/// `c (+)= a bᵀ` with a: m × k, b: n × k.
pub fn nt(
    m: usize,
    k: usize,
    n: usize,
    a: &[f32],
    b: &[f32],
    c: &mut [f32],
    accumulate: bool,
    _packing: &mut [f32],
) {
    for i in 0..m {
        for j in 0..n {
            let mut sum = 0.0;
            for (x, y) in a[i * k..(i + 1) * k].iter().zip(&b[j * k..(j + 1) * k]) {
                sum += x * y;
            }
            let value = &mut c[i * n + j];
            *value = if accumulate { *value + sum } else { sum };
        }
    }
}

/// `c (+)= aᵀ b` with a: k × m, b: k × n.
pub fn tn(
    m: usize,
    k: usize,
    n: usize,
    a: &[f32],
    b: &[f32],
    c: &mut [f32],
    accumulate: bool,
    _packing: &mut [f32],
) {
    if !accumulate {
        c[..m * n].fill(0.0);
    }
    for p in 0..k {
        for i in 0..m {
            let factor = a[p * m + i];
            for (value, weight) in c[i * n..(i + 1) * n].iter_mut().zip(&b[p * n..(p + 1) * n]) {
                *value += factor * weight;
            }
        }
    }
}
