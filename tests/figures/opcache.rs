//! OPcache under everything that makes it restart.

use crate::{Figure, support::opcache};

fn one(seconds: u64) -> Vec<Figure> {
    let requests = opcache::run(seconds);
    let note =
        format!("{seconds} s of resets, invalidations, touched files, a full 8 MB cache, tracing JIT, worker ends");
    vec![Figure::new("opcache: requests survived", requests as f64, "requests").note(note)]
}

pub fn measure() -> Vec<Figure> {
    one(60)
}

pub fn soak() -> Vec<Figure> {
    one(600)
}
