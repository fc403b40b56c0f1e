//! The kernel of x86 with Advanced Matrix Extensions: registers of two dimensions ("Intel 64 and IA-32 Architectures Software
//! Developer's Manual", volume 1, chapter 18). Rust has no stable names for these instructions yet, so they are written as such.
#![allow(unsafe_code)] // what all this is about: instructions that not every CPU has

use std::arch::asm;
use std::arch::x86_64::__cpuid_count;

use super::kernel::{Fetch, GROUP, Kernel, MOST_ROWS, Sums, TILE, Task, check, run};
use super::x86::{Avx512Vnni, prefetch};
use crate::lanes::Avx512;

/// `tdpbusd`: 64 products for each of sixteen rows and sixteen outputs. A few rows are left to vectors.
#[derive(Clone, Copy)]
pub(super) struct Amx(Avx512Vnni);

/// What `ldtilecfg` reads: how large the registers are.
#[repr(C, align(64))]
struct Config {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 8],
    reserved_row_bytes: [u16; 8],
    rows: [u8; 8],
    reserved_rows: [u8; 8],
}

/// Bytes of a row of a register: inputs that are multiplied at once.
const INPUTS: usize = 64;

/// Sums in `tmm0` to `tmm2`, codes of all rows in `tmm3` and weights of a third of the outputs in `tmm4`, of as many inputs as registers
/// hold. In `tmm5` and `tmm6` the same for a group, where inputs are left over.
static CONFIG: Config = Config {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    row_bytes: [64, 64, 64, 64, 64, 16, 64, 0],
    reserved_row_bytes: [0; 8],
    rows: [16, 16, 16, 16, 16, 16, 4, 0],
    reserved_rows: [0; 8],
};

const _: () = assert!(MOST_ROWS == 16 && TILE == 48 && INPUTS == 64 && GROUP == 16);

impl Amx {
    /// The kernel, where the CPU has its instructions and the system lets this process use them.
    pub(super) fn detect() -> Option<Amx> {
        const TILES_AND_BYTES: u32 = 1 << 24 | 1 << 25;
        const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
        const TILE_DATA: libc::c_long = 18;
        // Its numbers are in vectors of 512 bits before and after, and leaf 7 is there where those are.
        let vectors = Avx512Vnni::detect()?;
        if __cpuid_count(7, 0).edx & TILES_AND_BYTES != TILES_AND_BYTES {
            return None;
        }
        // SAFETY: the call touches no memory of ours. It makes the place for registers larger where signals and threads put them by,
        // and fails where a thread has no room for that.
        (unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, TILE_DATA) } == 0)
            .then_some(Amx(vectors))
    }

    /// [`Kernel::run`] where registers have no sizes yet.
    pub(super) fn with_tiles(self, task: impl Task) {
        // SAFETY: `detect` alone makes a kernel, and it found the instructions; `CONFIG` is what the manual asks for.
        unsafe {
            asm!("ldtilecfg [{}]", in(reg) &raw const CONFIG, options(nostack, preserves_flags, readonly))
        };
        self.run(task);
        // SAFETY: as above.
        unsafe { asm!("tilerelease", options(nostack, preserves_flags, nomem)) };
    }
}

impl Kernel for Amx {
    type Lanes = Avx512;

    const ROWS: usize = MOST_ROWS;

    run!("avx512f,avx512bw,avx512vl,avx512vnni");

    #[inline(always)]
    fn sums(self, rows: usize, x: &[u8], tile: &[i8], fetch: Fetch, sums: &mut Sums) {
        // Where the weights are what all waits for, vectors ask for them in a better order.
        if rows <= Avx512Vnni::ROWS && matches!(fetch, Fetch::Near) {
            return self.0.sums(rows, x, tile, fetch, sums);
        }
        let inputs = check::<Self>(x, tile);
        let whole = inputs / INPUTS * INPUTS;
        // SAFETY: `detect` alone makes a kernel, and it found the instructions; registers have their sizes, since `AnyKernel::run` is
        // the only way to here. Reads stay within sixteen rows of `inputs` codes and `inputs` times `TILE` weights, which `check`
        // compared with the slices; the stores fill sixteen rows of `TILE` sums. Nothing else uses these registers: the compiler
        // does not know them.
        unsafe {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                options(nostack, preserves_flags, nomem)
            );
            for start in (0..whole).step_by(INPUTS) {
                for group in start / GROUP..(start + INPUTS) / GROUP {
                    // All of the next tile within three blocks: this one is done before the CPU would look ahead by itself.
                    prefetch::<4>(tile, group, fetch);
                }
                add_products!("tmm3", "tmm4", x, tile, start);
            }
            for start in (whole..inputs).step_by(GROUP) {
                add_products!("tmm5", "tmm6", x, tile, start);
            }
            asm!(
                "tilestored [{sums} + {width}], tmm0",
                "tilestored [{sums} + {width} + 64], tmm1",
                "tilestored [{sums} + {width} + 128], tmm2",
                sums = in(reg) sums.0.as_mut_ptr(),
                width = in(reg) 4 * TILE,
                options(nostack, preserves_flags)
            );
        }
    }
}

/// Adds to `tmm0` to `tmm2` the products of codes and of weights of a tile from an input on, by way of two registers that say of how
/// many.
macro_rules! add_products {
    ($codes:literal, $weights:literal, $x:expr, $tile:expr, $start:expr) => {
        asm!(
            concat!("tileloadd ", $codes, ", [{x} + {inputs}]"),
            concat!("tileloadd ", $weights, ", [{tile} + {width}]"),
            concat!("tdpbusd tmm0, ", $codes, ", ", $weights),
            concat!("tileloadd ", $weights, ", [{tile} + {width} + 64]"),
            concat!("tdpbusd tmm1, ", $codes, ", ", $weights),
            concat!("tileloadd ", $weights, ", [{tile} + {width} + 128]"),
            concat!("tdpbusd tmm2, ", $codes, ", ", $weights),
            x = in(reg) $x.as_ptr().add($start),
            inputs = in(reg) $tile.len() / TILE,
            tile = in(reg) $tile.as_ptr().add($start * TILE),
            width = in(reg) 4 * TILE,
            options(nostack, preserves_flags, readonly)
        )
    };
}
use add_products;
