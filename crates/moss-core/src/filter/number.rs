//! Numbers of metadata: which texts are one, and their exact order.

use std::cmp::Ordering;

/// Digits of an exponent, leading zeros aside. A text with more is not a number, so that no value overflows.
const MAX_EXPONENT_DIGITS: usize = 15;

/// The number nearest to a decimal text: `[+-] digits [. digits] [e [+-] digits]` with a digit before or after
/// the point. `None` for all else, `inf`, `nan` and padded numbers included.
///
/// Beyond the range of f64 this is an infinity or zero; only [`compare`] tells such numbers apart.
pub(super) fn parse(text: &str) -> Option<f64> {
    Decimal::parse(text)?;
    text.parse().ok()
}

/// The exact order of two texts that are numbers, `a_near` and `b_near` being what [`parse`] says of them.
///
/// Counters and nanosecond times have more digits than f64 keeps, so equal roundings are decided by the digits.
pub(super) fn compare(a: &str, a_near: f64, b: &str, b_near: f64) -> Ordering {
    // Rounding keeps order: what differs after it differed in the same way before.
    match a_near.partial_cmp(&b_near) {
        Some(order) if order != Ordering::Equal => order,
        _ => Decimal::parse(a).cmp(&Decimal::parse(b)),
    }
}

/// `0.digits * 10^exponent`, the digits of `whole` and `fraction` in sequence without outer zeros.
#[derive(PartialEq, Eq)]
struct Decimal<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i64,
}

impl<'a> Decimal<'a> {
    fn parse(text: &'a str) -> Option<Decimal<'a>> {
        let negative = text.starts_with('-');
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = || whole.bytes().chain(fraction.bytes());
        if digits().next().is_none() || !digits().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        // Leading zeros and trailing zeros go; where one side is nothing but zeros the other side goes on.
        let mut whole = whole.trim_start_matches('0');
        let mut fraction = fraction.trim_end_matches('0');
        let mut exponent = exponent + whole.len() as i64;
        if whole.is_empty() {
            let significant = fraction.trim_start_matches('0');
            exponent -= (fraction.len() - significant.len()) as i64;
            fraction = significant;
        } else if fraction.is_empty() {
            whole = whole.trim_end_matches('0');
        }
        Some(Decimal {
            negative,
            whole,
            fraction,
            exponent,
        })
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        self.whole.bytes().chain(self.fraction.bytes())
    }

    /// -1, 0 or 1; minus zero is zero.
    fn sign(&self) -> i8 {
        match self.digits().next() {
            None => 0,
            Some(_) if self.negative => -1,
            Some(_) => 1,
        }
    }
}

fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    if significant.len() > MAX_EXPONENT_DIGITS {
        return None;
    }
    let size = if significant.is_empty() {
        0
    } else {
        significant.parse::<i64>().ok()?
    };
    Some(if text.starts_with('-') { -size } else { size })
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.sign().cmp(&other.sign()).then_with(|| {
            let size = match self.sign() {
                0 => Ordering::Equal,
                _ => self
                    .exponent
                    .cmp(&other.exponent)
                    .then_with(|| self.digits().cmp(other.digits())),
            };
            if self.sign() < 0 { size.reverse() } else { size }
        })
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn order(a: &str, b: &str) -> Ordering {
        compare(a, parse(a).unwrap(), b, parse(b).unwrap())
    }

    #[test]
    fn what_is_a_number() {
        for text in [
            "0",
            "-3",
            "+7",
            "12.50",
            ".5",
            "5.",
            "1e3",
            "1E-3",
            "2.5e+07",
            "1e999",
            "00012",
            "1e0000000000000000000003",
        ] {
            assert!(parse(text).is_some(), "{text}");
        }
        for text in [
            "",
            "-",
            ".",
            "e3",
            "1e",
            "1e+",
            "inf",
            "-Infinity",
            "nan",
            " 1",
            "1 ",
            "1,5",
            "0x10",
            "1_000",
            "--1",
            "+-1",
            "1.2.3",
            "1e2.5",
            "१",
            "12abc",
            "1e9999999999999999",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_beyond_f64_keep_their_order() {
        let ascending = [
            "-1e1000",
            "-1e999",
            "-1e308",
            "-9007199254740993",
            "-9007199254740992",
            "-1e-999",
            "0",
            "1e-1000",
            "1e-999",
            "0.1",
            "9007199254740992",
            "9007199254740993",
            "1700000000000000000.5",
            "1700000000000000001",
            "1e308",
            "1e999",
            "1e1000",
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                assert_eq!(order(a, b), i.cmp(&j), "{a} {b}");
            }
        }
    }

    #[test]
    fn spellings_of_one_number_are_equal() {
        for same in [
            &["0", "-0", "0.00", "0e5", "-0e-999", "+.0"][..],
            &["1e999", "10e998", "0.001e1002", "+1.000E+999"][..],
            &[
                "9007199254740993",
                "9007199254740993.0",
                "0.9007199254740993e16",
                "009007199254740993",
            ][..],
            &["1200", "1.2e3", "12e2", "0.0012e6", "1200.000"][..],
        ] {
            for a in same {
                for b in same {
                    assert_eq!(order(a, b), Ordering::Equal, "{a} {b}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn orders_as_integers_do(a in -(1i128 << 100)..(1i128 << 100), b in -2i128..3, shift in 0usize..30) {
            // The same integers written with a fraction and an exponent.
            let spell = |number: i128| {
                let digits = number.unsigned_abs().to_string();
                let padded = format!("{digits:0>width$}", width = shift + 1);
                let (whole, fraction) = padded.split_at(padded.len() - shift);
                format!("{}{whole}.{fraction}e{shift}", if number < 0 { "-" } else { "" })
            };
            let (near, far) = (a + b, a);
            prop_assert_eq!(order(&spell(near), &far.to_string()), near.cmp(&far));
            prop_assert_eq!(order(&far.to_string(), &spell(near)), far.cmp(&near));
            prop_assert_eq!(order(&b.to_string(), &spell(a)), b.cmp(&a));
        }

        #[test]
        fn takes_what_the_standard_parser_takes(text in "[-+]?[0-9]{0,3}\\.?[0-9]{0,3}([eE][-+]?[0-9]{0,3})?") {
            prop_assert_eq!(parse(&text), text.parse::<f64>().ok());
        }
    }
}
