//! Methods that a script answers, and the call that it does.

use crate::{
    handoff,
    php::local::Local,
    rpc::{Fault, Inside, Value},
};

/// What a script answers.
pub(super) type Member = handoff::Member<Value, Result<Value, Fault>>;
/// A call that a worker was given.
pub(in crate::php) type Called = handoff::Given<Value, Result<Value, Fault>>;

impl Local {
    /// Takes the call that this worker was given.
    pub(super) fn begin_call(&self) {
        // Whoever asked may have gone meanwhile: then there is nothing to answer.
        let called = self.member.get().and_then(|member| member.take()).filter(|called| !called.duty.is_abandoned());
        if let Some(called) = &called {
            self.oversight.begin_call(&self.worker, &called.name);
        }
        self.called.replace(called);
    }

    /// Lets the script answer calls of a method.
    pub(in crate::php) fn register(&self, method: &str) {
        self.member.get_or_init(|| self.worker.join(self.settings.inside.offers())).offer(method);
    }

    /// Takes that back. Returns false if it was not so.
    pub(in crate::php) fn unregister(&self, method: &str) -> bool {
        self.member.get().is_some_and(|member| member.withdraw(method))
    }

    /// Looks at the call that is to be answered.
    pub(in crate::php) fn with_call<T>(&self, inside: impl FnOnce(Option<&Called>) -> T) -> T {
        inside(self.called.borrow().as_ref())
    }

    /// Answers the call.
    pub(in crate::php) fn answer_call(&self, answer: Result<Value, Fault>) {
        if let Some(called) = self.called.take() {
            called.duty.answer(answer);
        }
    }

    /// How methods are called and offered.
    pub(in crate::php) fn inside(&self) -> &Inside {
        &self.settings.inside
    }
}
