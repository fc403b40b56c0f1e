//! Token vectors to one unit vector.

use super::Pooling;

/// Pools row-major token vectors `[tokens, dim]`, at least one token, and scales the result to unit length.
///
/// `None` if that is impossible because a value is not finite.
pub(super) fn pool(tokens: &[f32], dim: usize, pooling: Pooling) -> Option<Vec<f32>> {
    let mut vector = match pooling {
        Pooling::Cls => tokens[..dim].to_vec(),
        Pooling::Mean => mean(tokens, dim),
    };
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if !length.is_finite() {
        return None;
    }
    // The floor of the reference: a zero vector stays zero instead of becoming NaN.
    let scale = 1.0 / length.max(1e-12);
    vector.iter_mut().for_each(|x| *x *= scale);
    Some(vector)
}

fn mean(tokens: &[f32], dim: usize) -> Vec<f32> {
    let mut sum = vec![0.0; dim];
    for token in tokens.chunks_exact(dim) {
        for (total, x) in sum.iter_mut().zip(token) {
            *total += x;
        }
    }
    let scale = dim as f32 / tokens.len() as f32;
    sum.iter_mut().for_each(|x| *x *= scale);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_first_token_at_unit_length() {
        let tokens = [3.0, 0.0, 3.0, 8.0];
        assert_eq!(pool(&tokens, 2, Pooling::Cls).unwrap(), [1.0, 0.0]);
        assert_eq!(pool(&tokens, 2, Pooling::Mean).unwrap(), [0.6, 0.8]);
        assert_eq!(pool(&[0.0, 0.0], 2, Pooling::Mean).unwrap(), [0.0, 0.0]);
        assert_eq!(pool(&[f32::NAN, 0.0], 2, Pooling::Mean), None);
    }
}
