//! How many connections there are, in all and from each address, and whether there is room for one more.
//!
//! One for all reactors: the kernel spreads the connections of a client over them.

use std::{
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use crossbeam_utils::CachePadded;
use parking_lot::Mutex;

/// Parts of the table of addresses, each with a lock of its own, so that reactors rarely meet.
const PARTS: usize = 64;

/// What limits connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most connections at a time.
    pub connections: usize,
    /// Most of them from one address; 0: any number.
    pub per_address: usize,
}

/// The connections of a server.
#[derive(Debug)]
pub(super) struct Census {
    limits: Limits,
    /// Those that are open.
    open: CachePadded<AtomicUsize>,
    /// How many each address has; addresses without any are not in it. Empty where they are not counted.
    addresses: Box<[Part]>,
    hasher: RandomState,
}

/// A part of the table of addresses.
type Part = Mutex<std::collections::HashMap<u128, usize>>;

/// A connection that is counted, as long as this lives.
#[derive(Debug)]
pub(super) struct Counted {
    census: Arc<Census>,
    /// The address that it is counted for, too.
    address: Option<u128>,
}

/// Why there is no room for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// There are as many as there may be.
    Connections,
    /// So there are from its address.
    Address,
}

// === impl Census ===

impl Census {
    /// Nobody is there yet.
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        let parts = if limits.per_address > 0 { PARTS } else { 0 };
        let addresses = (0..parts).map(|_| Part::default()).collect();
        Arc::new(Self { limits, open: CachePadded::default(), addresses, hasher: RandomState::new() })
    }

    /// Counts a connection. Its address may follow once it is known, by [`Counted::comes_from`].
    ///
    /// # Errors
    ///
    /// When there is no room.
    pub(super) fn admit(self: &Arc<Self>) -> Result<Counted, Full> {
        let before = self.open.fetch_add(1, Ordering::Relaxed);
        // Dropped, it is counted no more.
        let counted = Counted { census: Arc::clone(self), address: None };
        if before < self.limits.connections { Ok(counted) } else { Err(Full::Connections) }
    }

    /// How many connections there are.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    fn part(&self, address: u128) -> Option<&Part> {
        // Whoever can choose addresses cannot choose the part.
        let hash = self.hasher.hash_one(address);
        let number = usize::try_from(hash % PARTS as u64).unwrap_or_default();
        self.addresses.get(number)
    }
}

// === impl Counted ===

impl Counted {
    /// Counts the connection for an address, too: once, those that follow change nothing.
    ///
    /// # Errors
    ///
    /// When the address has all that it may have.
    pub(super) fn comes_from(&mut self, address: IpAddr) -> Result<(), Full> {
        let address = household(address);
        let Some(part) = self.census.part(address).filter(|_| self.address.is_none()) else { return Ok(()) };
        let mut part = part.lock();
        let count = part.entry(address).or_default();
        if *count >= self.census.limits.per_address {
            return Err(Full::Address);
        }
        *count += 1;
        self.address = Some(address);
        Ok(())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.census.open.fetch_sub(1, Ordering::Relaxed);
        let Some(address) = self.address else { return };
        let Some(mut part) = self.census.part(address).map(Mutex::lock) else { return };
        if let Some(count) = part.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                part.remove(&address);
            }
        }
    }
}

/// What counts as one client: an address of IPv4, and the 2^64 of IPv6 that a provider gives to a customer at least.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        address @ IpAddr::V4(_) => address,
    }
}

/// The number of a network.
fn household(address: IpAddr) -> u128 {
    match network(address) {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(network) => network.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn census(connections: usize, per_address: usize) -> Arc<Census> {
        Census::new(Limits { connections, per_address })
    }

    fn from(census: &Arc<Census>, address: &str) -> Result<Counted, Full> {
        let mut counted = census.admit()?;
        counted.comes_from(address.parse().unwrap())?;
        Ok(counted)
    }

    #[test]
    fn no_more_connections_than_there_may_be() {
        let census = census(2, 0);
        let one = from(&census, "192.0.2.1").unwrap();
        let _two = from(&census, "192.0.2.1").unwrap();
        assert_eq!(census.admit().unwrap_err(), Full::Connections);
        assert_eq!(census.open(), 2, "a refused one is not counted");
        drop(one);
        assert!(census.admit().is_ok());
        assert_eq!(census.open(), 1);
    }

    #[test]
    fn no_more_of_one_address_than_it_may_have() {
        let census = census(100, 2);
        let mut held: Vec<_> = (0..2).map(|_| from(&census, "192.0.2.1").unwrap()).collect();
        assert_eq!(from(&census, "192.0.2.1").unwrap_err(), Full::Address);
        assert_eq!(from(&census, "::ffff:192.0.2.1").unwrap_err(), Full::Address, "the same address");
        assert_eq!(census.open(), 2);
        held.push(from(&census, "192.0.2.2").unwrap());
        held.remove(0);
        assert!(from(&census, "192.0.2.1").is_ok());
    }

    #[test]
    fn an_ipv6_network_counts_as_one_address() {
        let census = census(100, 1);
        let _one = from(&census, "2001:db8:1:2::3").unwrap();
        assert_eq!(from(&census, "2001:db8:1:2:ffff::").unwrap_err(), Full::Address);
        assert!(from(&census, "2001:db8:1:3::3").is_ok());
    }

    #[test]
    fn an_address_is_counted_once_for_a_connection() {
        let census = census(100, 1);
        let mut counted = from(&census, "192.0.2.1").unwrap();
        assert_eq!(counted.comes_from("192.0.2.1".parse().unwrap()), Ok(()));
        drop(counted);
        let left: usize = census.addresses.iter().map(|part| part.lock().len()).sum();
        assert_eq!((left, census.open()), (0, 0), "addresses without connections are forgotten");
    }

    #[test]
    fn all_threads_are_counted() {
        let census = census(usize::MAX, usize::MAX);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let census = &census;
                scope.spawn(move || {
                    for round in 0..1000 {
                        drop(from(census, &format!("192.0.2.{}", (thread + round) % 8)).unwrap());
                    }
                });
            }
        });
        let left: usize = census.addresses.iter().map(|part| part.lock().len()).sum();
        assert_eq!((left, census.open()), (0, 0));
    }

    #[test]
    fn networks_of_ipv6_and_addresses_of_ipv4_count() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    }
}
