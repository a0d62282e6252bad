//! The pages.

use crate::web::{self, Promise, Request};

/// Answers at the addresses of this section.
#[derive(Debug)]
pub struct Site;

impl web::Site for Site {
    fn answer(&self, _: Request) -> Promise<'_> {
        Box::pin(async { web::not_found("none yet") })
    }
}
