//! Runs of a script that are begun for one thing, which is there before they are: those of a pool for debugging.

use super::{Local, failure};
use crate::{handoff::Received, http, pool::Ended, rpc::Fault};

impl Local {
    /// What this run was begun for, if it was for something; else the next thing to come.
    pub(super) fn next(&self) -> Option<Received<http::Request, http::Answer>> {
        if !self.settings.debug {
            return Some(self.worker.receive());
        }
        let ahead = self.ahead.take();
        if ahead.is_some() {
            self.worker.works();
        }
        ahead
    }

    /// Waits for a request before the script runs that is to answer it. Returns false if the worker is to end.
    pub(in crate::php) fn wait_ahead(&self) -> bool {
        let received = self.worker.receive();
        let there = !matches!(received, Received::Leave(_));
        self.ahead.set(Some(received).filter(|_| there));
        there
    }

    /// The script is over without having asked for the request that it was to answer: says why.
    pub(in crate::php) fn answer_ahead(&self, ended: &Ended) {
        match self.ahead.take() {
            Some(Received::Request(sealed)) => {
                sealed.open().replier.answer(failure(&ended.to_string()));
            }
            Some(Received::Errand) => {
                if let Some(called) = self.member.get().and_then(|member| member.take()) {
                    called.duty.answer(Err(Fault::new(ended.to_string())));
                }
            }
            Some(Received::Leave(_)) | None => {}
        }
    }
}
