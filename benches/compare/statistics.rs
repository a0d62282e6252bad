//! Medians, and how far they can be trusted.

pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) { (sorted[middle - 1] + sorted[middle]) / 2.0 } else { sorted[middle] }
}

/// A median and its bootstrap 95 % interval.
#[derive(Clone, Copy, Debug)]
pub struct Interval {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

pub fn interval(values: &[f64]) -> Interval {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut medians: Vec<_> = (0..2000)
        .map(|_| {
            let sample: Vec<_> = values
                .iter()
                .map(|_| {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    values[(random % values.len() as u64) as usize]
                })
                .collect();
            median(&sample)
        })
        .collect();
    medians.sort_by(f64::total_cmp);
    Interval { median: median(values), low: medians[50], high: medians[1949] }
}
