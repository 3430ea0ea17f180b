//! Copies of blocks of the operands of [`gemm`](super), in the order in which its inner loop reads them.
#![allow(
    unsafe_code,
    reason = "vector moves through pointers, each checked before its loop"
)]

use super::lanes::{Lanes, Lanes4};
use super::{MR, Operand};

/// Copies `rows` rows of `W` numbers, `stride` apart, one behind the other.
fn copy_rows<const W: usize>(dst: &mut [f32], src: &[f32], stride: usize, rows: usize) {
    if rows == 0 {
        return;
    }
    assert!(
        dst.len() >= rows * W && src.len() >= (rows - 1) * stride + W,
        "rows outside of their matrix"
    );
    for row in 0..rows {
        // SAFETY: the last row fits, as just checked, and so do those before it. Going through an array makes this
        // a few vector moves.
        unsafe {
            let numbers = src.as_ptr().add(row * stride).cast::<[f32; W]>().read_unaligned();
            dst.as_mut_ptr()
                .add(row * W)
                .cast::<[f32; W]>()
                .write_unaligned(numbers);
        }
    }
}

/// Copies `B[pc.., j..]`, `kb` rows of `width` columns, to rows of `vectors` columns, padded with zeros.
pub(super) fn pack_panel(
    dst: &mut [f32],
    vectors: usize,
    b: Operand<'_>,
    pc: usize,
    kb: usize,
    j: usize,
    width: usize,
) {
    if !b.transposed {
        let src = b.data.get(pc * b.stride + j..).unwrap_or_default();
        match (width == vectors, vectors) {
            (true, 4) => copy_rows::<4>(dst, src, b.stride, kb),
            (true, 8) => copy_rows::<8>(dst, src, b.stride, kb),
            (true, 16) => copy_rows::<16>(dst, src, b.stride, kb),
            _ => {
                for (row, src) in dst.chunks_exact_mut(vectors).zip(src.chunks(b.stride.max(1))) {
                    row[..width].copy_from_slice(&src[..width]);
                    row[width..].fill(0.0);
                }
            }
        }
        return;
    }
    let columns_of_4 = width / 4 * 4;
    let rows_of_4 = kb / 4 * 4;
    for column in (0..columns_of_4).step_by(4) {
        let from: [&[f32]; 4] = std::array::from_fn(|i| &b.data[(j + column + i) * b.stride + pc..][..kb]);
        for p in (0..rows_of_4).step_by(4) {
            // SAFETY: `p + 4 <= kb` numbers of each source row, and rows `p..p + 4` of `dst`, which has `kb` of them.
            unsafe {
                let block = Lanes4::transpose(from.map(|row| Lanes4::load(row.as_ptr().add(p))));
                for (i, lanes) in block.into_iter().enumerate() {
                    lanes.store(dst.as_mut_ptr().add((p + i) * vectors + column));
                }
            }
        }
        for p in rows_of_4..kb {
            for (i, row) in from.iter().enumerate() {
                dst[p * vectors + column + i] = row[p];
            }
        }
    }
    for (column, p) in (columns_of_4..vectors).flat_map(|column| (0..kb).map(move |p| (column, p))) {
        dst[p * vectors + column] = if column < width {
            b.data[(j + column) * b.stride + pc + p]
        } else {
            0.0
        };
    }
}

/// Copies the transposed `A[ic.., pc..]`, `mb` rows of `kb`, to row blocks with their `MR` numbers side by side.
pub(super) fn pack_rows(dst: &mut [f32], a: Operand<'_>, ic: usize, mb: usize, pc: usize, kb: usize) {
    for (block, i) in dst.chunks_exact_mut(MR * kb.max(1)).zip((0..mb).step_by(MR)) {
        let src = a.data.get(pc * a.stride + ic + i..).unwrap_or_default();
        let height = MR.min(mb - i);
        if height == MR {
            copy_rows::<MR>(block, src, a.stride, kb);
        } else {
            for (four, src) in block.chunks_exact_mut(MR).zip(src.chunks(a.stride.max(1))) {
                four[..height].copy_from_slice(&src[..height]);
            }
        }
    }
}
