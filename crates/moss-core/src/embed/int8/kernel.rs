//! The sums of products of 8-bit numbers that an encoder spends its time in, and which code computes them.
//!
//! Sums of integers are exact, so every kernel gives the same ones. Codes of activations are 0 to 127, which fits the
//! unsigned operand of x86 and the signed one of ARM, and codes of weights are so bounded ([`GROUP_LIMIT`]) that AVX2
//! may add up eight products in 16 bits.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use super::amx;
#[cfg(target_arch = "aarch64")]
use super::arm;
#[cfg(target_arch = "x86_64")]
use super::x86;
use crate::lanes::{Array, LANES, Lanes};
use crate::{Error, Result};

/// Outputs that are computed side by side: the rows of a tile of weights. Three registers of AVX-512, so that each code of an
/// activation that is loaded meets three of weights: beside the sums of eight rows no more fit into registers, and the less is loaded,
/// the nearer CPUs come to what they can multiply.
pub(super) const TILE: usize = 3 * LANES;

/// Inputs that are multiplied side by side; the number of inputs is padded to a multiple.
pub(super) const GROUP: usize = 16;

/// Rows of activations that any kernel multiplies by a tile at once, at most.
pub(super) const MOST_ROWS: usize = 16;

/// What a tile comes to for each row of a block, in whole lines of the cache.
#[repr(align(64))]
pub(super) struct Sums(pub(super) [[i32; TILE]; MOST_ROWS]);

/// The largest code of an activation.
pub(super) const TOP: u8 = 127;

/// What the positive codes of eight weights that AVX2 adds up in 16 bits may come to, and the negative ones.
pub(super) const GROUP_LIMIT: i32 = 32_767 / TOP as i32;

/// What a kernel asks the memory for beside its work: the farthest cache is slower than it.
#[derive(Clone, Copy)]
#[cfg_attr(
    not(target_arch = "x86_64"),
    expect(dead_code, reason = "other CPUs are not asked")
)]
pub(super) enum Fetch {
    /// The tile itself, a little ahead, where it is read for the first time.
    Near,
    /// Of the tile behind it some lines of the cache in each group, others for each number: where they are few, the CPU looks further by
    /// itself.
    Next(usize),
}

impl Fetch {
    /// What is asked for while this block of rows is multiplied by a tile; later ones ask for other lines.
    pub(super) fn of_block(block: usize) -> Fetch {
        block.checked_sub(1).map_or(Fetch::Near, Fetch::Next)
    }
}

/// A way to compute sums of products.
pub(super) trait Kernel: Copy {
    /// What this CPU has for floats.
    type Lanes: Lanes;

    /// Rows that it multiplies by a tile at once, at most.
    const ROWS: usize = 8;

    /// `sums[row][output]` is the sum over all inputs of `x[row][input] * tile[output][input]`, for so many `rows`; for further ones
    /// it is anything.
    ///
    /// `x` is row-major `[ROWS, inputs]` or more, whatever `rows` is, `tile` `[inputs / 4, TILE, 4]`, and `inputs` a multiple of
    /// [`GROUP`].
    fn sums(self, rows: usize, x: &[u8], tile: &[i8], fetch: Fetch, sums: &mut Sums);

    /// Does something in code of its own that was compiled for the CPU of this kernel: what is done in many places is compiled once.
    fn run(self, task: impl Task);
}

/// [`Kernel::run`] of a kernel that is only made where the CPU has these features.
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
macro_rules! run {
    ($features:tt) => {
        #[inline(always)]
        fn run(self, task: impl Task) {
            #[inline(never)]
            #[target_feature(enable = $features)]
            fn compiled<K: Kernel>(kernel: K, task: impl Task) {
                task.run(kernel)
            }
            // SAFETY: `detect` alone makes a kernel, and it found the features.
            unsafe { compiled(self, task) }
        }
    };
}
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
pub(super) use run;

/// Code for each number of rows up to eight, which it has as a constant.
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
macro_rules! for_each_count {
    ($rows:expr, $R:ident => $code:expr) => {
        for_each_count!($rows, $R => $code, 1 2 3 4 5 6 7 8)
    };
    ($rows:expr, $R:ident => $code:expr, $($count:literal)+) => {
        match $rows {
            $($count => {
                const $R: usize = $count;
                $code
            })+
            rows => unreachable!("a block of {rows} rows"),
        }
    };
}
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
pub(super) use for_each_count;

/// Runs anywhere; what the other kernels are compared with.
#[derive(Clone, Copy)]
pub(super) struct Portable;

impl Kernel for Portable {
    type Lanes = Array;

    #[inline(always)]
    fn sums(self, rows: usize, x: &[u8], tile: &[i8], _fetch: Fetch, sums: &mut Sums) {
        let inputs = check::<Self>(x, tile);
        let (fours, _) = tile.as_chunks::<{ 4 * TILE }>();
        for (sums, x) in sums.0[..rows].iter_mut().zip(x.chunks_exact(inputs)) {
            *sums = [0; TILE];
            let (x, _) = x.as_chunks::<4>();
            for (x, weights) in x.iter().zip(fours) {
                for (sum, weights) in sums.iter_mut().zip(weights.as_chunks::<4>().0) {
                    for (&x, &weight) in x.iter().zip(weights) {
                        *sum += i32::from(x) * i32::from(weight);
                    }
                }
            }
        }
    }

    fn run(self, task: impl Task) {
        task.run(self);
    }
}

/// The number of inputs; panics unless the shapes fit, which keeps every kernel inside its slices.
#[inline(always)]
pub(super) fn check<K: Kernel>(x: &[u8], tile: &[i8]) -> usize {
    let inputs = tile.len() / TILE;
    assert!(tile.len() == inputs * TILE && x.len() >= K::ROWS * inputs && inputs.is_multiple_of(GROUP));
    inputs
}

/// Something to do with a kernel, compiled once for each.
pub(super) trait Task {
    /// Does it; to be inlined, so that it is compiled for the kernel's CPU.
    fn run<K: Kernel>(self, kernel: K);
}

/// Names a kernel for [`AnyKernel::from_env`].
const VARIABLE: &str = "MOSS_KERNEL";

/// A kernel that this CPU runs.
#[derive(Clone, Copy)]
pub(in crate::embed) enum AnyKernel {
    /// Anywhere.
    Portable(Portable),
    #[cfg(target_arch = "x86_64")]
    Avx2(x86::Avx2),
    #[cfg(target_arch = "x86_64")]
    AvxVnni(x86::AvxVnni),
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni(x86::Avx512Vnni),
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    Amx(amx::Amx),
    #[cfg(target_arch = "aarch64")]
    Dotprod(arm::Dotprod),
    #[cfg(target_arch = "aarch64")]
    I8mm(arm::I8mm),
}

impl AnyKernel {
    /// The kernels of this CPU by their names, the fastest first.
    pub(super) fn of_this_cpu() -> Vec<(&'static str, AnyKernel)> {
        let mut kernels = Vec::new();
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        kernels.extend(amx::Amx::detect().map(|kernel| ("amx", AnyKernel::Amx(kernel))));
        #[cfg(target_arch = "x86_64")]
        {
            kernels.extend(
                x86::Avx512Vnni::detect().map(|kernel| ("avx512-vnni", AnyKernel::Avx512Vnni(kernel))),
            );
            kernels.extend(x86::AvxVnni::detect().map(|kernel| ("avx-vnni", AnyKernel::AvxVnni(kernel))));
            kernels.extend(x86::Avx2::detect().map(|kernel| ("avx2", AnyKernel::Avx2(kernel))));
        }
        #[cfg(target_arch = "aarch64")]
        {
            kernels.extend(arm::I8mm::detect().map(|kernel| ("i8mm", AnyKernel::I8mm(kernel))));
            kernels.extend(arm::Dotprod::detect().map(|kernel| ("dotprod", AnyKernel::Dotprod(kernel))));
        }
        kernels.push(("portable", AnyKernel::Portable(Portable)));
        kernels
    }

    /// The fastest kernel of this CPU, or the one that `MOSS_KERNEL` names: to compare them, since vectors are the same.
    ///
    /// # Errors
    /// `InvalidArgument`, with the names that there are.
    pub(super) fn from_env() -> Result<AnyKernel> {
        let kernels = AnyKernel::of_this_cpu();
        let wanted = std::env::var_os(VARIABLE).filter(|wanted| !wanted.is_empty());
        let found = kernels
            .iter()
            .find(|(name, _)| wanted.as_ref().is_none_or(|wanted| wanted == name));
        found.map(|&(_, kernel)| kernel).ok_or_else(|| {
            let names: Vec<&str> = kernels.iter().map(|&(name, _)| name).collect();
            let wanted = wanted.unwrap_or_default();
            Error::invalid(format!(
                "{VARIABLE} is {wanted:?}, this CPU has {}",
                names.join(", ")
            ))
        })
    }

    /// Does something with this kernel, in code that was compiled for its CPU.
    pub(super) fn run(self, task: impl Task) {
        match self {
            AnyKernel::Portable(kernel) => kernel.run(task),
            #[cfg(target_arch = "x86_64")]
            AnyKernel::Avx2(kernel) => kernel.run(task),
            #[cfg(target_arch = "x86_64")]
            AnyKernel::AvxVnni(kernel) => kernel.run(task),
            #[cfg(target_arch = "x86_64")]
            AnyKernel::Avx512Vnni(kernel) => kernel.run(task),
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            AnyKernel::Amx(kernel) => kernel.with_tiles(task),
            #[cfg(target_arch = "aarch64")]
            AnyKernel::Dotprod(kernel) => kernel.run(task),
            #[cfg(target_arch = "aarch64")]
            AnyKernel::I8mm(kernel) => kernel.run(task),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares a kernel with the portable one for each number of rows.
    struct Compare<'a>(&'a [u8], &'a [i8], &'static str);

    impl Task for Compare<'_> {
        #[inline(always)]
        fn run<K: Kernel>(self, kernel: K) {
            let Compare(x, tile, name) = self;
            let inputs = tile.len() / TILE;
            for (rows, fetch) in (1..=K::ROWS).flat_map(|rows| [(rows, Fetch::Near), (rows, Fetch::Next(0))])
            {
                let (mut ours, mut theirs) = (Sums([[1; TILE]; MOST_ROWS]), Sums([[2; TILE]; MOST_ROWS]));
                kernel.sums(rows, &x[..K::ROWS * inputs], tile, fetch, &mut ours);
                Portable.sums(rows, x, tile, Fetch::Near, &mut theirs);
                assert_eq!(
                    ours.0[..rows],
                    theirs.0[..rows],
                    "{name}, {rows} rows, {inputs} inputs"
                );
            }
        }
    }

    #[test]
    fn every_kernel_gives_the_sums_of_the_portable_one() {
        let mut rng = fastrand::Rng::with_seed(5);
        for inputs in [16, 32, 48, 80, 384, 1536] {
            // Whatever the weights' limit allows at its worst: eight of the largest sum that go to one number.
            let mut extremes = |at: usize| match at % 3 {
                0 => (TOP, 32),
                1 => (TOP, -32),
                _ => (rng.u8(..=TOP), rng.i8(-32..=32)),
            };
            for kind in 0..3 {
                let pairs: Vec<(u8, i8)> = (0..MOST_ROWS.max(TILE) * inputs)
                    .map(|_| extremes(kind))
                    .collect();
                let x: Vec<u8> = pairs[..MOST_ROWS * inputs].iter().map(|pair| pair.0).collect();
                let tile: Vec<i8> = pairs[..TILE * inputs].iter().map(|pair| pair.1).collect();
                for (name, kernel) in AnyKernel::of_this_cpu() {
                    kernel.run(Compare(&x, &tile, name));
                }
            }
        }
    }
}
