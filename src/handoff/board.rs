//! Errands that only some workers can do: those that have offered it, by a name.
//!
//! An errand is given to a worker that sleeps and has offered its name, or waits for the next one that comes to its wait.
//! What was given to a worker is in its hand: it takes it before it looks at the inbox of its pool. A worker whose script
//! is run again keeps its offers until the new run has come to its wait, so that errands wait for it meanwhile.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    fmt,
    sync::Arc,
};

use super::{
    bell::Bell,
    errand::{Duty, Errand, Promise},
    flow::Breaks,
    line::Unanswered,
    seat::Seat,
    sync::Mutex,
};

/// What can be done by workers, and the errands that wait for one.
#[derive(Debug)]
pub struct Board<Q, A> {
    state: Mutex<State<Q, A>>,
    /// Errands that may wait, of all names.
    most: usize,
}

#[derive(Debug)]
struct State<Q, A> {
    offers: HashMap<Arc<str>, Offer<Q, A>>,
    desks: HashMap<u64, Desk<Q, A>>,
    next: u64,
    /// Errands that wait.
    waiting: usize,
    /// Errands that have come to wait so far.
    came: u64,
}

/// What can be done under one name.
#[derive(Debug)]
struct Offer<Q, A> {
    /// Who has offered it; at least one.
    desks: Vec<u64>,
    /// With their places in the row of all that wait.
    waiting: VecDeque<(u64, Arc<Errand<Q, A>>)>,
}

/// What is known of one worker.
#[derive(Debug)]
struct Desk<Q, A> {
    /// Rung to wake the worker.
    bell: Arc<Bell>,
    /// It sleeps, or is about to, and has nothing in its hand.
    rests: bool,
    /// What was given to it.
    hand: Option<(Arc<str>, Duty<Q, A>, Q)>,
    /// What it has offered, and in which run of its script.
    offered: BTreeMap<Arc<str>, u64>,
    run: u64,
    /// There may be offers of a run before.
    stale: bool,
}

/// A worker's part of a board. Its offers end with this value.
#[derive(Debug)]
pub struct Member<Q, A> {
    board: Arc<Board<Q, A>>,
    number: u64,
}

/// An errand in the hand of a worker.
#[derive(Debug)]
pub struct Given<Q, A> {
    /// Under which name it was asked for.
    pub name: Arc<str>,
    /// What is to be done.
    pub request: Q,
    /// Where the answer goes.
    pub duty: Duty<Q, A>,
}

/// Nobody takes an errand. It comes back untouched.
#[derive(Debug, thiserror::Error)]
pub enum Untaken<Q> {
    /// No worker has offered it.
    #[error("no worker has offered it")]
    Unknown(Q),
    /// As many wait as may.
    #[error("too many wait for a worker")]
    Full(Q),
}

/// Where a worker finds work beside the requests of its pool. See [`Seat::wait`].
pub(super) trait Aside: Send + Sync {
    /// What is in the worker's hand now, as that which ends it from outside. `more`: if nothing is, something that waits is
    /// taken into it. The worker is awake.
    fn look(&self, more: bool) -> Option<Arc<dyn Breaks>>;

    /// The worker is about to sleep. Returns false if there is something for it to do.
    fn rest(&self) -> bool;

    /// The worker leaves its wait, for good or, if it `returns`, to come to one again. Its hand is emptied.
    fn leave(&self, returns: bool);
}

// === impl Board ===

impl<Q: Send + 'static, A: Send + 'static> Board<Q, A> {
    /// Makes a board on which at most `most` errands wait.
    pub fn new(most: usize) -> Arc<Self> {
        let state = State { offers: HashMap::new(), desks: HashMap::new(), next: 0, waiting: 0, came: 0 };
        Arc::new(Self { state: Mutex::new(state), most })
    }

    /// Lets the worker at `seat` offer something. Once for each seat.
    pub fn join<R, S>(self: &Arc<Self>, seat: &Seat<R, S>) -> Arc<Member<Q, A>> {
        let mut state = self.state.lock();
        let number = state.next;
        state.next += 1;
        let desk = Desk { bell: seat.bell(), rests: false, hand: None, offered: BTreeMap::new(), run: 0, stale: false };
        state.desks.insert(number, desk);
        drop(state);
        let member = Arc::new(Member { board: Arc::clone(self), number });
        seat.look_aside(Arc::clone(&member) as Arc<dyn Aside>);
        member
    }

    /// Asks for something to be done. Never blocks.
    ///
    /// # Errors
    ///
    /// Gives the request back when nobody has offered it, or when too many wait.
    pub fn ask(&self, name: &str, request: Q) -> Result<Promise<Q, A>, Untaken<Q>> {
        let mut state = self.state.lock();
        if !state.offers.contains_key(name) {
            return Err(Untaken::Unknown(request));
        }
        if state.waiting >= self.most {
            state.sweep();
            if state.waiting >= self.most {
                return Err(Untaken::Full(request));
            }
        }
        let errand = Errand::new(Some(request));
        let promise = Promise(Arc::clone(&errand));
        state.place(name, errand, false);
        Ok(promise)
    }

    /// Whether somebody has offered it.
    pub fn offers(&self, name: &str) -> bool {
        self.state.lock().offers.contains_key(name)
    }

    /// Whether somebody has offered something whose name begins so.
    pub fn offers_any(&self, prefix: &str) -> bool {
        self.state.lock().offers.keys().any(|name| name.starts_with(prefix))
    }

    /// Errands that wait for a worker.
    pub fn waiting(&self) -> usize {
        self.state.lock().waiting
    }
}

// === impl State ===

impl<Q, A> State<Q, A> {
    /// Gives an errand to a worker that sleeps, else lets it wait: in front of the others if it did so `before`.
    fn place(&mut self, name: &str, errand: Arc<Errand<Q, A>>, before: bool) {
        let Some((name, offer)) = self.offers.get_key_value(name) else {
            errand.finish(Err(Unanswered::Stopping));
            return;
        };
        let resting = offer.desks.iter().find(|number| self.desks.get(number).is_some_and(|desk| desk.rests));
        if let Some(desk) = resting.and_then(|number| self.desks.get_mut(number)) {
            if let Some((request, duty)) = errand.take() {
                desk.rests = false;
                desk.hand = Some((Arc::clone(name), duty, request));
                desk.bell.ring();
            }
            return;
        }
        let name = Arc::clone(name);
        if let Some(offer) = self.offers.get_mut(&name) {
            self.waiting += 1;
            if before {
                offer.waiting.push_front((0, errand));
            } else {
                self.came += 1;
                offer.waiting.push_back((self.came, errand));
            }
        }
    }

    /// Forgets what nobody waits for any more.
    fn sweep(&mut self) {
        self.offers.values_mut().for_each(|offer| offer.waiting.retain(|(_, errand)| errand.waits()));
        self.waiting = self.offers.values().map(|offer| offer.waiting.len()).sum();
    }

    /// A worker offers `name` no longer. If it was the last one, nobody does what waits.
    fn withdraw(&mut self, number: u64, name: &str) {
        let Some(offer) = self.offers.get_mut(name) else { return };
        offer.desks.retain(|other| *other != number);
        if offer.desks.is_empty()
            && let Some(offer) = self.offers.remove(name)
        {
            self.waiting -= offer.waiting.len();
            for (_, errand) in offer.waiting {
                errand.finish(Err(Unanswered::Stopping));
            }
        }
    }

    /// Ends the offers of a worker that are not `kept`.
    fn withdraw_all(&mut self, number: u64, kept: impl Fn(u64) -> bool) {
        let Some(desk) = self.desks.get_mut(&number) else { return };
        let (kept, gone) = std::mem::take(&mut desk.offered).into_iter().partition(|(_, run)| kept(*run));
        desk.offered = kept;
        for name in gone.into_keys() {
            self.withdraw(number, &name);
        }
    }

    /// Takes what has waited longest into the hand of a worker, if there is nothing in it.
    fn fill(&mut self, number: u64) {
        let Some(desk) = self.desks.get_mut(&number).filter(|desk| desk.hand.is_none()) else { return };
        let place = |name: &Arc<str>, offers: &HashMap<Arc<str>, Offer<Q, A>>| {
            offers.get(name).and_then(|offer| offer.waiting.front()).map(|(place, _)| *place)
        };
        while let Some((_, name)) = desk
            .offered
            .keys()
            .filter_map(|name| Some((place(name, &self.offers)?, name)))
            .min_by_key(|(place, _)| *place)
        {
            let Some((_, errand)) = self.offers.get_mut(name).and_then(|offer| offer.waiting.pop_front()) else {
                return;
            };
            self.waiting -= 1;
            if let Some((request, duty)) = errand.take() {
                desk.hand = Some((Arc::clone(name), duty, request));
                return;
            }
        }
    }
}

// === impl Member ===

impl<Q: Send + 'static, A: Send + 'static> Member<Q, A> {
    /// Offers something. For the worker's thread, between two waits.
    pub fn offer(&self, name: &str) {
        let mut state = self.board.state.lock();
        let name: Arc<str> = state.offers.get_key_value(name).map_or_else(|| name.into(), |(name, _)| Arc::clone(name));
        let Some(desk) = state.desks.get_mut(&self.number) else { return };
        let run = desk.run;
        if desk.offered.insert(Arc::clone(&name), run).is_none() {
            let offer = state.offers.entry(name);
            offer.or_insert_with(|| Offer { desks: Vec::new(), waiting: VecDeque::new() }).desks.push(self.number);
        }
    }

    /// Takes an offer back. Returns false if there was none.
    pub fn withdraw(&self, name: &str) -> bool {
        let mut state = self.board.state.lock();
        let offered = state.desks.get_mut(&self.number).is_some_and(|desk| desk.offered.remove(name).is_some());
        if offered {
            state.withdraw(self.number, name);
        }
        offered
    }

    /// The script runs again: what it does not offer once more before it waits is not offered any longer.
    pub fn begin(&self) {
        if let Some(desk) = self.board.state.lock().desks.get_mut(&self.number) {
            desk.run += 1;
            desk.stale = true;
        }
    }

    /// The script has come to its wait.
    pub fn settle(&self) {
        let mut state = self.board.state.lock();
        let Some(desk) = state.desks.get_mut(&self.number).filter(|desk| desk.stale) else { return };
        desk.stale = false;
        let run = desk.run;
        state.withdraw_all(self.number, |of_run| of_run == run);
    }

    /// The worker comes to no wait any more.
    pub fn leave(&self) {
        Aside::leave(self, false);
    }

    /// Takes what is in the worker's hand.
    pub fn take(&self) -> Option<Given<Q, A>> {
        let (name, duty, request) = self.board.state.lock().desks.get_mut(&self.number)?.hand.take()?;
        Some(Given { name, request, duty })
    }
}

impl<Q, A> Drop for Member<Q, A> {
    fn drop(&mut self) {
        let mut state = self.board.state.lock();
        state.withdraw_all(self.number, |_| false);
        let desk = state.desks.remove(&self.number);
        drop(state);
        drop(desk);
    }
}

impl<Q: Send + 'static, A: Send + 'static> Aside for Member<Q, A> {
    fn look(&self, more: bool) -> Option<Arc<dyn Breaks>> {
        let mut state = self.board.state.lock();
        state.desks.get_mut(&self.number)?.rests = false;
        if more {
            state.fill(self.number);
        }
        state.desks.get(&self.number)?.hand.as_ref()?.1.breaks()
    }

    fn rest(&self) -> bool {
        let mut state = self.board.state.lock();
        state.fill(self.number);
        let Some(desk) = state.desks.get_mut(&self.number) else { return true };
        desk.rests = desk.hand.is_none();
        desk.rests
    }

    fn leave(&self, returns: bool) {
        let mut state = self.board.state.lock();
        let Some(desk) = state.desks.get_mut(&self.number) else { return };
        desk.rests = false;
        let hand = desk.hand.take();
        if !returns {
            state.withdraw_all(self.number, |_| false);
        }
        if let Some((name, duty, request)) = hand
            && let Some(errand) = duty.give_back(request)
        {
            state.place(&name, errand, true);
        }
    }
}

impl fmt::Debug for dyn Aside {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Aside")
    }
}
