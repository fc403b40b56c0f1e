//! The operations of a BERT layer on candle tensors, each on the calling thread alone.
//!
//! candle's own matrix product, softmax and layer norm hand work to rayon's global pool, which belongs to the host and
//! dies in a forked child. These do the same sums in one fixed order, and read weights where the packed file is mapped.
//! They have no GPU version; a device build would use candle's.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, InplaceOp1, InplaceOp2, Layout, Result, Shape, bail};
use gemm::Parallelism;

use super::layer::Norm;
use super::math;
use super::packed::View;
use crate::lanes::Array;

/// `y = x W + b` for `x` of shape `[tokens, inputs]`.
pub(super) struct Linear {
    /// `[inputs, outputs]`, row-major.
    pub(super) weight: View<f32>,
    /// `[outputs]`
    pub(super) bias: View<f32>,
}

impl CustomOp1 for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = contiguous(storage.as_slice()?, layout)?;
        let outputs = self.bias.len();
        let inputs = self.weight.len() / outputs;
        let tokens = x.len() / inputs;
        let mut y = self.bias.repeat(tokens);
        let x = Matrix::rows(x, inputs);
        let weight = Matrix::rows(&self.weight, outputs);
        multiply_add(&mut y, [tokens, inputs, outputs], x, weight);
        Ok((CpuStorage::F32(y), (tokens, outputs).into()))
    }
}

/// The matrix product of each pair in two stacks, `[b, m, k] x [b, k, n] -> [b, m, n]`, in whatever strides they come.
pub(super) struct Product;

impl CustomOp2 for Product {
    fn name(&self) -> &'static str {
        "product"
    }

    fn cpu_fwd(
        &self,
        left: &CpuStorage,
        left_layout: &Layout,
        right: &CpuStorage,
        right_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (b, m, k) = left_layout.shape().dims3()?;
        let (right_b, right_k, n) = right_layout.shape().dims3()?;
        if (b, k) != (right_b, right_k) {
            bail!(
                "product of {:?} and {:?}",
                left_layout.shape(),
                right_layout.shape()
            );
        }
        let (left, right) = (left.as_slice()?, right.as_slice()?);
        let mut y = vec![0.0; b * m * n];
        for (at, y) in y.chunks_exact_mut(m * n).enumerate() {
            let (left, right) = (
                Matrix::of(left, left_layout, at),
                Matrix::of(right, right_layout, at),
            );
            multiply_add(y, [m, k, n], left, right);
        }
        Ok((CpuStorage::F32(y), (b, m, n).into()))
    }
}

/// `softmax(scale * x)` over the last dimension, in place.
pub(super) struct Softmax {
    pub(super) scale: f32,
}

impl InplaceOp1 for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let width = layout.dims()[layout.dims().len() - 1];
        for row in contiguous_mut(storage, layout)?.chunks_exact_mut(width) {
            math::softmax::<Array>(row, self.scale);
        }
        Ok(())
    }
}

/// `x = layer_norm(x + residual)` over the last dimension, in place.
impl InplaceOp2 for Norm {
    fn name(&self) -> &'static str {
        "add-norm"
    }

    fn cpu_fwd(
        &self,
        storage: &mut CpuStorage,
        layout: &Layout,
        residual: &CpuStorage,
        residual_layout: &Layout,
    ) -> Result<()> {
        let residual = contiguous(residual.as_slice()?, residual_layout)?;
        let x = contiguous_mut(storage, layout)?;
        x.iter_mut().zip(residual).for_each(|(x, r)| *x += r);
        self.normalize(x);
        Ok(())
    }
}

impl Norm {
    /// `(x - mean) / sqrt(variance + eps) * weight + bias` for each row.
    pub(super) fn normalize(&self, x: &mut [f32]) {
        for row in x.chunks_exact_mut(self.weight.len()) {
            math::normalize::<Array>(row, &self.weight, &self.bias, self.eps);
        }
    }
}

/// `x = x / 2 * (1 + erf(x / sqrt 2))`, the exact GELU, in place.
pub(super) struct Gelu;

impl InplaceOp1 for Gelu {
    fn name(&self) -> &'static str {
        "gelu"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        for x in contiguous_mut(storage, layout)? {
            *x = math::gelu(*x);
        }
        Ok(())
    }
}

fn contiguous<'a>(values: &'a [f32], layout: &Layout) -> Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&values[start..end]),
        None => bail!("a contiguous tensor is needed"),
    }
}

fn contiguous_mut<'a>(storage: &'a mut CpuStorage, layout: &Layout) -> Result<&'a mut [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => Ok(&mut values[start..end]),
        _ => bail!("a contiguous f32 tensor is needed"),
    }
}

/// A view of a matrix: element (i, j) is `values[i * row + j * column]`.
#[derive(Clone, Copy)]
struct Matrix<'a> {
    values: &'a [f32],
    row: usize,
    column: usize,
}

impl<'a> Matrix<'a> {
    /// A contiguous row-major matrix of this width.
    fn rows(values: &'a [f32], width: usize) -> Matrix<'a> {
        Matrix {
            values,
            row: width,
            column: 1,
        }
    }

    /// Matrix `at` of a stack.
    fn of(values: &'a [f32], layout: &Layout, at: usize) -> Matrix<'a> {
        let stride = layout.stride();
        Matrix {
            values: &values[layout.start_offset() + at * stride[0]..],
            row: stride[1],
            column: stride[2],
        }
    }

    fn holds(&self, rows: usize, columns: usize) -> bool {
        rows == 0 || columns == 0 || (rows - 1) * self.row + (columns - 1) * self.column < self.values.len()
    }
}

/// `y += left right` for `left` of shape `[m, k]`, `right` `[k, n]` and `y` `[m, n]`, row-major.
#[allow(unsafe_code)] // the matrix product takes pointers and strides
fn multiply_add(y: &mut [f32], [m, k, n]: [usize; 3], left: Matrix<'_>, right: Matrix<'_>) {
    assert!(y.len() == m * n && left.holds(m, k) && right.holds(k, n));
    // SAFETY: the assertion above keeps every index i * row + j * column of the three matrices inside its slice, and
    // `y` is borrowed mutably, so it overlaps neither of the others. Lengths of slices fit isize.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            y.as_mut_ptr(),
            1,
            n as isize,
            true,
            left.values.as_ptr(),
            left.column as isize,
            left.row as isize,
            right.values.as_ptr(),
            right.column as isize,
            right.row as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::*;

    fn random(dims: &[usize]) -> Tensor {
        let mut rng = fastrand::Rng::with_seed(dims.iter().sum::<usize>() as u64);
        let values: Vec<f32> = (0..dims.iter().product())
            .map(|_| rng.f32() * 8.0 - 4.0)
            .collect();
        Tensor::from_vec(values, dims, &Device::Cpu).unwrap()
    }

    /// The largest difference between two tensors of one shape.
    fn difference(a: &Tensor, b: &Tensor) -> f32 {
        assert_eq!(a.dims(), b.dims());
        let worst = (a - b).unwrap().abs().unwrap().flatten_all().unwrap().max(0);
        worst.unwrap().to_scalar().unwrap()
    }

    #[test]
    fn products_agree_with_candle_in_any_strides() {
        for (b, m, k, n) in [(1, 1, 1, 1), (3, 5, 7, 2), (2, 17, 32, 17), (1, 33, 8, 65)] {
            let left = random(&[m, b, k]).transpose(0, 1).unwrap();
            let right = random(&[b, n, k]).t().unwrap();
            let ours = left.apply_op2_no_bwd(&right, &Product).unwrap();
            let theirs = left
                .contiguous()
                .unwrap()
                .matmul(&right.contiguous().unwrap())
                .unwrap();
            assert!(difference(&ours, &theirs) < 1e-3, "{b} {m} {k} {n}");
        }
    }

    #[test]
    fn softmax_and_gelu_agree_with_candle() {
        for dims in [[1, 1], [3, 7], [5, 64]] {
            let x = random(&dims);
            let powers = (&x * 0.5).unwrap().exp().unwrap();
            let theirs = powers.broadcast_div(&powers.sum_keepdim(1).unwrap()).unwrap();
            let ours = x.copy().unwrap();
            ours.inplace_op1(&Softmax { scale: 0.5 }).unwrap();
            assert!(difference(&ours, &theirs) < 1e-6);
            let theirs = (&x * 3.0).unwrap().gelu_erf().unwrap();
            let ours = (&x * 3.0).unwrap();
            ours.inplace_op1(&Gelu).unwrap();
            assert!(difference(&ours, &theirs) < 3e-6);
        }
    }
}
