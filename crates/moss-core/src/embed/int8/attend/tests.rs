use super::*;

/// What it stands for, of one head, in f64.
fn plain(head: Head<'_>) -> Vec<f64> {
    let row = |which, token| head.part(which, token).iter().map(|&x| f64::from(x));
    let mut out = Vec::new();
    for token in 0..head.tokens() {
        let scores: Vec<f64> = (0..head.tokens())
            .map(|other| row(0, token).zip(row(1, other)).map(|(q, k)| q * k).sum())
            .collect();
        let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let powers = scores
            .iter()
            .map(|score| ((score - top) / (head.width as f64).sqrt()).exp());
        let mut sums = vec![0.0; head.width + 1];
        for (other, power) in powers.enumerate() {
            for (sum, value) in sums.iter_mut().zip(row(2, other).chain([1.0])) {
                *sum += power * value;
            }
        }
        out.extend(sums[..head.width].iter().map(|sum| sum / sums[head.width]));
    }
    out
}

#[test]
fn rounding_is_nothing_beside_what_comes_of_it() {
    let mut random = fastrand::Rng::with_seed(3);
    let mut scratch = Scratch::default();
    for (heads, width) in [(3, 32), (2, 8), (2, 64), (1, 20), (1, 48)] {
        for tokens in [1, 2, 15, 16, 17, 33, 52, 300, 512] {
            let hidden = heads * width;
            let mut numbers = || (random.f32() - 0.5) * 8.0;
            let qkv: Vec<f32> = (0..tokens * 3 * hidden).map(|_| numbers()).collect();
            let mut y = Buffer::default();
            attend::<Array>(&qkv, &[vec![0; tokens]], heads, &mut y, &mut scratch);
            let rounding = Rounding::new::<Array>(&qkv, hidden, width);
            for first in (0..hidden).step_by(width) {
                let head = Head {
                    qkv: &qkv,
                    hidden,
                    first,
                    width,
                    rounding: &rounding,
                };
                for (at, wanted) in plain(head).into_iter().enumerate() {
                    let found = y[at / width * hidden + first + at % width];
                    let away = (f64::from(found) - wanted).abs();
                    // A third of a step of the codes that numbers from -4 to 4 are next.
                    assert!(
                        away < 0.02,
                        "{heads} heads of {width}, {tokens} tokens: {found} for {wanted}"
                    );
                }
            }
        }
    }
}

#[test]
fn nothing_comes_of_nothing() {
    let mut y = Buffer::default();
    attend::<Array>(
        &[0.0; 3 * 3 * 32],
        &[vec![0; 3]],
        1,
        &mut y,
        &mut Scratch::default(),
    );
    assert!(y.iter().all(|&x| x == 0.0));
}
