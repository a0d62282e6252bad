//! Locks against a model: what clients hold for sure is held by nobody else.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use roadrunner::{net::Address, rpc};
use serde_json::json;

use crate::{
    Figure,
    support::{Client, PATIENCE, Server},
};

/// Half of them call the RPC, the others PHP workers.
const CLIENTS: usize = 32;
const NAMES: usize = 6;

const SCRIPT: &str = r"
    $words = explode('/', $request->path);
    $take = $words[1] === 'shared' ? RoadRunner\Locks::acquireShared(...) : RoadRunner\Locks::acquire(...);
    $answer = match ($words[1]) {
        'release' => var_export(RoadRunner\Locks::release($words[2], $words[3]), true),
        default => $take($words[2], (float) $words[3], (float) $words[4])?->id ?? '',
    };
    $request->respond(200, $answer);";

/// Who holds a lock, as far as its client can tell.
struct Hold {
    id: String,
    shared: bool,
    /// It is for sure until then; `None`: until it is released.
    until: Option<Instant>,
}

#[derive(Default)]
struct Model {
    locks: [Mutex<Vec<Hold>>; NAMES],
    operations: AtomicUsize,
    granted: AtomicUsize,
    violations: AtomicUsize,
    over: AtomicBool,
}

/// A way to the server.
enum Way {
    Rpc(Box<rpc::Client>, String),
    Php(Client),
}

impl Way {
    /// The id with which the lock was taken.
    fn acquire(&mut self, name: usize, shared: bool, ttl: Duration, wait: Duration) -> Option<String> {
        match self {
            Self::Rpc(client, id) => {
                let method = if shared { "lock.LockRead" } else { "lock.Lock" };
                let (ttl, wait) = (ttl.as_micros() as u64, wait.as_micros() as u64);
                let argument = json!({"resource": name.to_string(), "id": id, "ttl": ttl, "wait": wait});
                let answer: serde_json::Value = client.call(method, &argument).unwrap();
                (answer["ok"] == true).then(|| id.clone())
            }
            Self::Php(client) => {
                let kind = if shared { "shared" } else { "exclusive" };
                let target = format!("/{kind}/{name}/{}/{}", ttl.as_secs_f64(), wait.as_secs_f64());
                Some(client.get(&target).unwrap().text()).filter(|id| !id.is_empty())
            }
        }
    }

    fn release(&mut self, name: usize, id: &str) -> bool {
        match self {
            Self::Rpc(client, _) => {
                let argument = json!({"resource": name.to_string(), "id": id});
                let answer: serde_json::Value = client.call("lock.Release", &argument).unwrap();
                answer["ok"] == true
            }
            Self::Php(client) => client.get(&format!("/release/{name}/{id}")).unwrap().text() == "true",
        }
    }
}

/// Random operations until the time is over.
fn run(mut way: Way, model: &Model, mut seed: u64) {
    let mut random = move |bound: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % bound
    };
    while !model.over.load(Ordering::Relaxed) {
        let name = random(NAMES as u64) as usize;
        let shared = random(2) == 0;
        let ttl = Duration::from_millis([0, 20 + random(80)][random(2) as usize]);
        let wait = Duration::from_millis([0, random(60)][random(2) as usize]);
        let asked = Instant::now();
        model.operations.fetch_add(1, Ordering::Relaxed);
        let Some(id) = way.acquire(name, shared, ttl, wait) else { continue };
        model.granted.fetch_add(1, Ordering::Relaxed);
        let until = (!ttl.is_zero()).then(|| asked + ttl);
        let surely = |until: Option<Instant>| until.is_none_or(|until| until > Instant::now());
        {
            let mut holds = model.locks[name].lock();
            holds.retain(|hold| surely(hold.until));
            if surely(until) && holds.iter().any(|hold| !(hold.shared && shared)) {
                model.violations.fetch_add(1, Ordering::Relaxed);
            }
            holds.push(Hold { id: id.clone(), shared, until });
        }
        thread::sleep(Duration::from_micros(random(3000)));
        model.locks[name].lock().retain(|hold| hold.id != id);
        model.operations.fetch_add(1, Ordering::Relaxed);
        let released = way.release(name, &id);
        // What nobody has released and no time has ended must be there.
        if !released && surely(until) {
            model.violations.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// 32 clients for a minute.
pub fn measure() -> Vec<Figure> {
    let server = Server::with_loop(SCRIPT)
        .config(
            "http: {address: '{address}', pool: {num_workers: 16}}\nrpc: {listen: 'unix://rpc.sock'}\nlogs: {level: info}\n",
        )
        .start();
    let socket = Address::Unix(server.directory.join("rpc.sock"));
    let model = Arc::new(Model::default());
    let threads: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let way = if number % 2 == 0 {
                Way::Rpc(Box::new(rpc::Client::connect(&socket, PATIENCE).unwrap()), format!("client-{number}"))
            } else {
                Way::Php(Client::connect(server.address).unwrap())
            };
            let model = Arc::clone(&model);
            thread::spawn(move || run(way, &model, (number as u64 + 1) * 0x9e37_79b9))
        })
        .collect();
    let seconds = crate::soak::seconds().min(60);
    thread::sleep(Duration::from_secs(seconds));
    model.over.store(true, Ordering::Relaxed);
    let failed = threads.into_iter().filter_map(|thread| thread.join().err()).count();
    server.stop();
    let read = |counter: &AtomicUsize| counter.load(Ordering::Relaxed) as f64;
    let note = format!("{CLIENTS} clients, {NAMES} locks, {seconds} s; {} had", read(&model.granted));
    vec![
        Figure::new("locks: violations of the model", read(&model.violations), "locks").at_most(0.0).note(note),
        Figure::new("locks: clients that failed", failed as f64, "clients").at_most(0.0),
        Figure::new("locks: operations a second", read(&model.operations) / seconds as f64, "1/s"),
    ]
}
