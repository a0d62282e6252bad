//! Medians, and how far a ratio can be trusted.

pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) { (sorted[middle - 1] + sorted[middle]) / 2.0 } else { sorted[middle] }
}

/// The median of the ratios round by round, and its bootstrap 95 % interval.
pub fn ratio(values: &[f64], base: &[f64]) -> (f64, f64, f64) {
    let ratios: Vec<_> = values.iter().zip(base).map(|(value, base)| value / base).collect();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut medians: Vec<_> = (0..2000)
        .map(|_| {
            let sample: Vec<_> = ratios
                .iter()
                .map(|_| {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    ratios[(random % ratios.len() as u64) as usize]
                })
                .collect();
            median(&sample)
        })
        .collect();
    medians.sort_by(f64::total_cmp);
    (median(&ratios), medians[50], medians[1949])
}
