//! Floating point numbers in Python's writing.

/// Appends a number as `repr` of Python has it: the shortest text that reads
/// back as the same number, with an exponent below 1e-4 and from 1e16 on.
pub(crate) fn write_float(number: f64, out: &mut Vec<u8>) {
    use std::io::Write as _;

    if !number.is_finite() {
        let name = if number.is_nan() {
            "NaN"
        } else if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        };
        out.extend_from_slice(name.as_bytes());
        return;
    }
    let size = number.abs();
    let start = out.len();
    // A `Vec` takes every byte.
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        let _ = write!(out, "{number:e}");
        widen_exponent(out, start);
    } else {
        let _ = write!(out, "{number:?}");
    }
}

/// `1e-7` to `1e-07`, and `1e22` to `1e+22`.
fn widen_exponent(out: &mut Vec<u8>, start: usize) {
    let Some(e) = out[start..].iter().position(|byte| *byte == b'e') else {
        return;
    };
    let mut at = start + e + 1;
    if out.get(at) == Some(&b'-') {
        at += 1;
    } else {
        out.insert(at, b'+');
        at += 1;
    }
    if out.len() - at == 1 {
        out.insert(at, b'0');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(number: f64) -> String {
        let mut out = Vec::new();
        write_float(number, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_written_as_python_does() {
        for (number, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
            (3.0, "3.0"),
            (1e-7, "1e-07"),
            (1e22, "1e+22"),
            (1e16, "1e+16"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (0.0001, "0.0001"),
            (0.000_099, "9.9e-05"),
            (1.5e300, "1.5e+300"),
            (-2.5e-100, "-2.5e-100"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (0.123_801_961_149_645_59, "0.12380196114964559"),
            (123_456_789.125, "123456789.125"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(text(number), expected);
        }
    }
}
