//! What a scan multiplies with, by the fastest kernels of the CPU.

#[path = "../../../src/vector/signs.rs"]
mod signs;
#[path = "../../../src/vector/simd/mod.rs"]
mod simd;

use signs::{SignCode, SignProbe, Signs};
use simd::{LINE, Line};

use crate::lanes::LANES;
use crate::{Random, Sum};

const ROWS: usize = 70;

pub(crate) fn run() {
    for dim in [256, 300, 384, 1536] {
        let mut random = Random(11);
        let query = random.floats(dim);
        let norm = |row: &[f32]| simd::dot(row, row).sqrt();
        let (mut signs, mut sum) = (Signs::default(), Sum::new());
        let mut code = None;
        let mut codes = vec![Line::ZERO; (ROWS + 1) * dim.div_ceil(LINE)];
        for codes in codes.chunks_exact_mut(dim.div_ceil(LINE)) {
            let row = random.floats(dim);
            SignCode::set(&mut code, &row, norm(&row));
            let code = code.as_ref().expect("long enough");
            signs.reserve(1, code);
            signs.push(code);
            codes.iter().for_each(simd::prefetch);
            sum.add(simd::dot(&query, &row).to_bits());
            sum.add(simd::largest(&row).to_bits());
            for square in simd::code(&row, 1.0 / 127.0, 127.0, codes) {
                sum.add(square.to_bits());
            }
        }
        // Out of its place, and a block that is not full.
        signs.replace(3, &signs.get(40));
        signs.truncate(ROWS);
        let mut bounds = [0.0; ROWS];
        let probe = SignProbe::new(&query, norm(&query)).expect("long enough");
        signs.upper(&probe, 0, &mut bounds);
        bounds.iter().for_each(|bound| sum.add(bound.to_bits()));
        let mut reaching = [0; ROWS.div_ceil(LANES)];
        simd::reaching(&bounds, bounds[0], &mut reaching);
        reaching.iter().for_each(|&bits| sum.add(bits.into()));
        let (query, rows) = codes.split_at(dim.div_ceil(LINE));
        let mut products = [0; ROWS];
        simd::dots_i8(query, rows, &mut products);
        products.iter().for_each(|&product| sum.add(product as u32));
        println!("rows of {dim}: {sum}");
    }
}
