//! What it costs to name middleware `otel`, and to record nothing.

use crate::{Figure, middleware::beside_nothing};

pub fn measure() -> Vec<Figure> {
    let otel = "otel: {sampler: 0, insecure: true}\n";
    vec![beside_nothing("otel with sampler 0: CPU more than without it", (", middleware: [otel]", otel))]
}
