//! The matrix product `C = A B`, with `A[m, k]`, `B[k, n]`, `C[m, n]`, each of the operands stored as it is or
//! transposed, added to `C` if asked, with a bias and a ReLU while the result is still in registers.
//!
//! | product of a Dense layer | `A` | `B` | |
//! |---|---|---|---|
//! | forward `Y = X W + b` | `X` `[batch, inputs]` | `W` `[inputs, units]` | bias, ReLU |
//! | gradient of the input `dX = dY W'` | `dY` `[batch, units]` | `W` transposed | |
//! | gradient of the weights `dW += X' dY` | `X` transposed | `dY` `[batch, units]` | accumulate |
//!
//! # The order of the additions
//!
//! Every element of `C` is one chain: it starts at `0.0`, or at its old value when accumulating, and for
//! `p = 0, 1, ..., k - 1` becomes `c + a[i, p] * b[p, j]`, the product rounded before the sum; then the bias is
//! added. Neither the shape of the tiles, nor packing, nor the width of the vectors changes that chain, so a
//! native run and a run in a browser give the same bits. With [`Rounding::Fused`] the product is not rounded: other
//! bits, the same on every machine that can.
//!
//! # How it is fast
//!
//! `C` is computed in tiles of 4 rows by two vectors, which stay in registers while `k` runs. The columns of `B`
//! that belong to a tile lie next to each other (a *panel*), copied to the scratch space when enough rows use them or `B` is
//! transposed; `A` is read where it is, except when it is transposed and used by several panels. Blocks of
//! `KC x NC` of `B` and `MC x KC` of `A` stay in the second-level cache. The scratch space is the caller's:
//! [`gemm_scratch_len`].
//!
//! ```
//! use mtl_kernels::{fused::Rounding, gemm::{Operand, Output, Size, gemm, gemm_scratch_len}};
//! let rounding = Rounding::Separate;
//! let x = [1.0, 2.0, 3.0, 4.0]; // [2, 2]
//! let w = [5.0, 6.0, 7.0, 8.0]; // [2, 2]
//! let size = Size { m: 2, n: 2, k: 2 };
//! let mut scratch = vec![0.0; gemm_scratch_len(2, 2, 2)];
//! let mut y = [0.0; 4];
//! gemm(size, Operand::rows(&x, 2), Operand::rows(&w, 2), Output::to(&mut y, 2), rounding, &mut scratch);
//! assert_eq!(y, [19.0, 22.0, 43.0, 50.0]);
//!
//! // dX += dY W'
//! gemm(size, Operand::rows(&y, 2), Operand::transposed(&w, 2), Output::to(&mut x.clone(), 2).accumulate(), rounding, &mut scratch);
//! ```
#![allow(
    unsafe_code,
    reason = "the inner loop reads and writes through pointers, checked once per product"
)]

pub(crate) mod lanes;
mod packing;

use crate::fused::{self, Rounding};
#[cfg(target_arch = "x86_64")]
use lanes::Avx2;
#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
use lanes::Fused4;
use lanes::{Lanes, Lanes4};
use packing::{pack_panel, pack_rows};

/// Rows of a tile.
pub(super) const MR: usize = 4;
/// Widest panel on any target: two AVX2 registers.
const NR_MAX: usize = 16;
/// Steps of `k` per turn of the inner loop. Each ends with the test for the end, which keeps the steps apart: in one
/// long block V8 would first load everything and run out of registers.
const UNROLL: usize = 4;
/// Block of the inner dimension: a panel of `KC` rows fits the first-level cache beside four rows of `A`.
const KC: usize = 256;
/// Block of rows of `A` and of columns of `B`: both blocks fit the second-level cache.
const MC: usize = 128;
const NC: usize = 256;
/// A row-major `B` up to this size is read where it is: its rows stay in the first-level cache.
const DIRECT_B: usize = 4096;

/// `C` is `m x n`, `A` is `m x k`, `B` is `k x n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Rows of `A` and `C`.
    pub m: usize,
    /// Columns of `B` and `C`.
    pub n: usize,
    /// Columns of `A`, rows of `B`.
    pub k: usize,
}

/// A matrix that is read: `data[row * stride + column]`, or the transpose of such a matrix.
#[derive(Clone, Copy, Debug)]
pub struct Operand<'a> {
    pub(super) data: &'a [f32],
    pub(super) stride: usize,
    pub(super) transposed: bool,
}

impl<'a> Operand<'a> {
    /// The matrix whose rows are stored one after another, `stride` numbers apart.
    pub fn rows(data: &'a [f32], stride: usize) -> Self {
        Self {
            data,
            stride,
            transposed: false,
        }
    }

    /// The transpose of the matrix stored like that.
    pub fn transposed(data: &'a [f32], stride: usize) -> Self {
        Self {
            data,
            stride,
            transposed: true,
        }
    }

    fn transpose(self) -> Self {
        Self {
            transposed: !self.transposed,
            ..self
        }
    }

    #[track_caller]
    fn check(&self, name: &str, rows: usize, columns: usize) {
        let (rows, columns) = if self.transposed {
            (columns, rows)
        } else {
            (rows, columns)
        };
        check_bounds(name, self.data.len(), self.stride, rows, columns);
    }
}

#[track_caller]
fn check_bounds(name: &str, len: usize, stride: usize, rows: usize, columns: usize) {
    if rows == 0 || columns == 0 {
        return;
    }
    assert!(
        stride >= columns && len >= (rows - 1) * stride + columns,
        "{name}: {rows} rows of {columns}, {stride} apart, do not fit {len} numbers"
    );
}

/// Output of a product: where it is written, and the epilogue (accumulation, bias, ReLU).
#[derive(Debug)]
pub struct Output<'a> {
    data: &'a mut [f32],
    stride: usize,
    accumulate: bool,
    bias: Option<&'a [f32]>,
    relu: bool,
}

impl<'a> Output<'a> {
    /// Overwrites `data[row * stride + column]`.
    pub fn to(data: &'a mut [f32], stride: usize) -> Self {
        Self {
            data,
            stride,
            accumulate: false,
            bias: None,
            relu: false,
        }
    }

    /// Accumulates into the existing values instead.
    pub fn accumulate(self) -> Self {
        Self {
            accumulate: true,
            ..self
        }
    }

    /// Adds `bias[column]` to each finished sum.
    pub fn bias(self, bias: &'a [f32]) -> Self {
        Self {
            bias: Some(bias),
            ..self
        }
    }

    /// Replaces negative results by 0, after the bias.
    pub fn relu(self) -> Self {
        Self { relu: true, ..self }
    }
}

/// How many numbers of scratch space [`gemm`] needs for a product of this size (at most 98,304: 393 kB).
pub const fn gemm_scratch_len(m: usize, n: usize, k: usize) -> usize {
    const fn min(a: usize, b: usize) -> usize {
        if a < b { a } else { b }
    }
    // A product with one column may be computed as its transpose: room for either.
    let wide = if n == 1 { if m > 1 { m } else { 1 } } else { n };
    let columns = min(wide.next_multiple_of(NR_MAX), NC);
    let rows = min(m.next_multiple_of(MR), MC);
    min(k, KC) * (columns + rows)
}

/// `C = A B` or `C += A B`, with bias and ReLU as [`Output`] says, rounded as `rounding` says. See the module for the order
/// of the additions.
///
/// # Panics
/// If an operand, the output, the bias or the scratch space is too short for `size`.
pub fn gemm(
    size: Size,
    a: Operand<'_>,
    b: Operand<'_>,
    c: Output<'_>,
    rounding: Rounding,
    scratch: &mut [f32],
) {
    let Size { m, n, k } = size;
    a.check("A", m, k);
    b.check("B", k, n);
    check_bounds("C", c.data.len(), c.stride, m, n);
    assert!(
        c.bias.is_none_or(|bias| bias.len() >= n),
        "the bias is shorter than a row of C"
    );
    assert!(
        scratch.len() >= gemm_scratch_len(m, n, k),
        "the scratch space is too short"
    );
    if m == 0 || n == 0 {
        return;
    }

    // A single column, read across the rows of A: as C' = B' A' it runs along contiguous numbers.
    let flip = n == 1 && c.stride == 1 && a.transposed && c.bias.is_none();
    let (size, a, b, c) = if flip {
        (
            Size { m: 1, n: m, k },
            b.transpose(),
            a.transpose(),
            Output { stride: m, ..c },
        )
    } else {
        (size, a, b, c)
    };

    // Constant, where the target has one kind of product only.
    let is_fused = rounding == Rounding::Fused && fused::is_available();
    #[cfg(target_arch = "x86_64")]
    if is_fused {
        // SAFETY: the bounds are checked above, and the processor has AVX2 and FMA.
        return unsafe { product::<Avx2<true>>(size, a, b, c, scratch) };
    } else if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the bounds are checked above, and the processor has AVX2.
        return unsafe { product::<Avx2<false>>(size, a, b, c, scratch) };
    }
    #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
    if is_fused {
        // SAFETY: the bounds are checked above.
        return unsafe { product::<Fused4>(size, a, b, c, scratch) };
    }
    debug_assert!(!is_fused, "a fused product was taken above");
    // SAFETY: the bounds are checked above.
    unsafe { product::<Lanes4>(size, a, b, c, scratch) }
}

/// One panel of `B` (one or two vectors wide) times a number of row blocks of `A`.
#[derive(Clone, Copy)]
pub(super) struct Panel {
    /// Number of row blocks.
    blocks: usize,
    k: usize,
    a: *const f32,
    /// From one row block to the next.
    a_block: usize,
    /// `ROWS`: from one row to the next. Otherwise: from one `p` to the next.
    a_stride: usize,
    b: *const f32,
    /// From one `p` to the next.
    b_stride: usize,
    c: *mut f32,
    c_stride: usize,
    /// The chain starts at the value in `C`.
    resume: bool,
    /// Null when there is none, or when the chain does not end here.
    bias: *const f32,
    relu: bool,
}

/// Computes `MR` rows by `NV` vectors per row block. `ROWS`: `a[i, p]` is at `i * a_stride + p`, otherwise at
/// `p * a_stride + i`.
///
/// # Safety
/// Every number that `panel` describes must be there, for `NV` whole vectors of `b`, `c` and `bias`.
#[inline(always)]
pub(super) unsafe fn run_panel<V: Lanes, const MR: usize, const NV: usize, const ROWS: bool>(panel: &Panel) {
    let &Panel {
        blocks,
        k,
        a_block,
        a_stride,
        b_stride,
        c_stride,
        ..
    } = panel;
    let (mut a, mut c) = (panel.a, panel.c);
    // SAFETY: the offsets stay within what the caller promises.
    unsafe {
        for _ in 0..blocks {
            let mut acc = [[V::splat(0.0); NV]; MR];
            if panel.resume {
                for (i, row) in acc.iter_mut().enumerate() {
                    for (j, sum) in row.iter_mut().enumerate() {
                        *sum = V::load(c.add(i * c_stride + j * V::N));
                    }
                }
            }
            let (mut pa, mut pb) = (a, panel.b);
            let mut left = k;
            while left > 0 {
                let rows: [*const f32; MR] =
                    std::array::from_fn(|i| pa.wrapping_add(if ROWS { i * a_stride } else { 0 }));
                macro_rules! steps {
                    ($($at:literal)*) => {$(
                        step::<V, MR, NV, ROWS>(&mut acc, &rows, if ROWS { $at } else { $at * a_stride }, pb);
                        pb = pb.wrapping_add(b_stride);
                        if left == $at + 1 { break }
                    )*};
                }
                const { assert!(UNROLL == 4) };
                steps!(0 1 2 3);
                pa = pa.wrapping_add(if ROWS { UNROLL } else { UNROLL * a_stride });
                left -= UNROLL;
            }
            if !panel.bias.is_null() {
                for j in 0..NV {
                    let bias = V::load(panel.bias.add(j * V::N));
                    for row in &mut acc {
                        row[j] = row[j].add(bias);
                    }
                }
            }
            if panel.relu {
                acc = acc.map(|row| row.map(|sum| sum.relu()));
            }
            for (i, row) in acc.into_iter().enumerate() {
                for (j, sum) in row.into_iter().enumerate() {
                    sum.store(c.add(i * c_stride + j * V::N));
                }
            }
            a = a.wrapping_add(a_block);
            c = c.wrapping_add(MR * c_stride);
        }
    }
}

/// One `p` of a tile: `acc[i, j] += a[i] * b[j]`.
///
/// # Safety
/// As [`run_panel`].
#[inline(always)]
unsafe fn step<V: Lanes, const MR: usize, const NV: usize, const ROWS: bool>(
    acc: &mut [[V; NV]; MR],
    rows: &[*const f32; MR],
    at: usize,
    b: *const f32,
) {
    // SAFETY: as promised by the caller.
    unsafe {
        let mut columns = [V::splat(0.0); NV];
        for (j, column) in columns.iter_mut().enumerate() {
            *column = V::load(b.add(j * V::N));
        }
        for (i, row) in acc.iter_mut().enumerate() {
            let x = V::splat(*rows[i].add(if ROWS { at } else { at + i }));
            for (sum, column) in row.iter_mut().zip(columns) {
                *sum = sum.add_product(x, column);
            }
        }
    }
}

/// Where an operand is read from; it may end before when nothing of it is read, because k = 0.
fn place(data: &[f32], start: usize) -> *const f32 {
    data.get(start..).unwrap_or_default().as_ptr()
}

/// The loops over blocks, panels and row blocks.
///
/// # Safety
/// The bounds must have been checked, and the processor must have the instructions of `V`.
unsafe fn product<V: Lanes>(size: Size, a: Operand<'_>, b: Operand<'_>, c: Output<'_>, scratch: &mut [f32]) {
    let Size { m, n, k } = size;
    let nr = 2 * V::N;
    // Copying pays only when enough rows of A use the copy, or when the rows of B would push each other out of the
    // first-level cache: at such a distance they all belong to the same few lines of it.
    let few_rows = if b.stride.is_multiple_of(256) {
        2 * MR
    } else {
        16 * MR
    };
    let direct_b = !b.transposed && (m <= few_rows || k * n <= DIRECT_B);
    let pack_a = a.transposed && n > 2 * nr;
    let (packed_b, packed_a) = scratch.split_at_mut(scratch.len() - if pack_a { a_scratch(m, k) } else { 0 });

    for jc in (0..n).step_by(NC) {
        let nb = NC.min(n - jc);
        let mut pc = 0;
        // Also once for k = 0, where the product is zero and the bias remains.
        loop {
            let kb = KC.min(k - pc);
            let last = pc + kb == k;
            for j in (0..nb).step_by(nr) {
                let width = nr.min(nb - j);
                if !direct_b || width < nr {
                    let vectors = width.div_ceil(V::N) * V::N;
                    pack_panel(
                        &mut packed_b[j * kb..][..kb * vectors],
                        vectors,
                        b,
                        pc,
                        kb,
                        jc + j,
                        width,
                    );
                }
            }
            for ic in (0..m).step_by(MC) {
                let mb = MC.min(m - ic);
                if pack_a {
                    pack_rows(packed_a, a, ic, mb, pc, kb);
                }
                for j in (0..nb).step_by(nr) {
                    let width = nr.min(nb - j);
                    let (panel_b, b_stride) = if direct_b && width == nr {
                        (place(b.data, pc * b.stride + jc + j), b.stride)
                    } else {
                        (packed_b[j * kb..].as_ptr(), width.div_ceil(V::N) * V::N)
                    };
                    let (panel_a, a_block, a_stride) = if pack_a {
                        (packed_a.as_ptr(), MR * kb, MR)
                    } else if a.transposed {
                        (place(a.data, pc * a.stride + ic), MR, a.stride)
                    } else {
                        (place(a.data, ic * a.stride + pc), MR * a.stride, a.stride)
                    };
                    let panel = Panel {
                        blocks: mb / MR,
                        k: kb,
                        a: panel_a,
                        a_block,
                        a_stride,
                        b: panel_b,
                        b_stride,
                        c: c.data[ic * c.stride + jc + j..].as_mut_ptr(),
                        c_stride: c.stride,
                        resume: pc > 0 || c.accumulate,
                        bias: c
                            .bias
                            .filter(|_| last)
                            .map_or(std::ptr::null(), |bias| bias[jc + j..].as_ptr()),
                        relu: c.relu && last,
                    };
                    // SAFETY: the blocks lie within the checked operands, panels of B are whole vectors.
                    unsafe {
                        match (a.transposed, width <= V::N) {
                            (false, false) => run_rows::<V, 2, true>(panel, width, mb % MR),
                            (false, true) => run_rows::<V, 1, true>(panel, width, mb % MR),
                            (true, false) => run_rows::<V, 2, false>(panel, width, mb % MR),
                            (true, true) => run_rows::<V, 1, false>(panel, width, mb % MR),
                        }
                    }
                }
            }
            pc += kb;
            if last {
                break;
            }
        }
    }
}

/// All row blocks of a panel that is `width` columns of `C` wide, then the `rest` rows below them.
///
/// # Safety
/// As [`run_panel`], but `c` and `bias` need only be `width` columns wide.
unsafe fn run_rows<V: Lanes, const NV: usize, const ROWS: bool>(panel: Panel, width: usize, rest: usize) {
    let below = Panel {
        blocks: 1,
        a: panel.a.wrapping_add(panel.blocks * panel.a_block),
        c: panel.c.wrapping_add(panel.blocks * MR * panel.c_stride),
        ..panel
    };
    // SAFETY: as promised by the caller; a panel that is wider than `C` writes to a tile of its own.
    unsafe {
        if width == NV * V::N {
            run_height::<V, NV, ROWS>(&panel, MR);
            run_height::<V, NV, ROWS>(&below, rest);
            return;
        }
        run_narrow::<V, NV, ROWS>(&panel, width, MR);
        run_narrow::<V, NV, ROWS>(&below, width, rest);
    }
}

/// Row blocks of a given height whose panel is wider than the `width` columns of `C` that it belongs to: they are
/// computed in whole vectors in a buffer, some blocks at a time.
///
/// # Safety
/// As [`run_rows`].
unsafe fn run_narrow<V: Lanes, const NV: usize, const ROWS: bool>(
    panel: &Panel,
    width: usize,
    height: usize,
) {
    const BLOCKS: usize = 8;
    if height == 0 {
        return;
    }
    let mut buffer = [0.0f32; BLOCKS * MR * NR_MAX];
    let mut bias = [0.0f32; NR_MAX];
    let stride = NV * V::N;
    for first in (0..panel.blocks).step_by(BLOCKS) {
        let mut whole = Panel {
            blocks: BLOCKS.min(panel.blocks - first),
            a: panel.a.wrapping_add(first * panel.a_block),
            c: buffer.as_mut_ptr(),
            c_stride: stride,
            ..*panel
        };
        let rows = whole.blocks * height;
        let c = panel.c.wrapping_add(first * height * panel.c_stride);
        // SAFETY: `width` columns of `C` and of the bias are there, and the buffer has room for whole vectors.
        unsafe {
            if panel.resume {
                for i in 0..rows {
                    for j in 0..width {
                        buffer[i * stride + j] = *c.add(i * panel.c_stride + j);
                    }
                }
            }
            if !panel.bias.is_null() {
                bias[..width].copy_from_slice(std::slice::from_raw_parts(panel.bias, width));
                whole.bias = bias.as_ptr();
            }
            run_height::<V, NV, ROWS>(&whole, height);
            for i in 0..rows {
                for j in 0..width {
                    *c.add(i * panel.c_stride + j) = buffer[i * stride + j];
                }
            }
        }
    }
}

/// Chooses the kernel for row blocks of this height.
///
/// # Safety
/// As [`run_panel`].
#[inline(always)]
unsafe fn run_height<V: Lanes, const NV: usize, const ROWS: bool>(panel: &Panel, height: usize) {
    // SAFETY: as promised by the caller.
    unsafe {
        match height {
            1 => V::run::<1, NV, ROWS>(panel),
            2 => V::run::<2, NV, ROWS>(panel),
            3 => V::run::<3, NV, ROWS>(panel),
            MR => V::run::<MR, NV, ROWS>(panel),
            _ => {}
        }
    }
}

/// Numbers of scratch space that the packed rows of `A` take.
fn a_scratch(m: usize, k: usize) -> usize {
    m.next_multiple_of(MR).min(MC) * k.min(KC)
}
