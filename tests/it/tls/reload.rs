//! Certificates that change while clients come.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use rustls::client::Resumption;

use super::{client, telling};
use crate::{
    support::pki::Wish,
    support::{TlsClient, trusting, until},
};

const RELOADS: usize = 50;

#[test]
fn no_handshake_fails_while_they_change() {
    let (builder, authority, folder) = telling();
    let server = builder.start();
    let address = server.address;
    let mut config = trusting(&authority, None, rustls::ALL_VERSIONS);
    config.resumption = Resumption::disabled();
    let config = Arc::new(config);
    let (over, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (config, over, served) = (Arc::clone(&config), Arc::clone(&over), Arc::clone(&served));
            thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    TlsClient::connect(address, "test", &config).and_then(|mut client| client.get("/")).unwrap();
                    served.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let shown = || TlsClient::connect(address, "test", &config).unwrap().certificate();
    let mut kept = TlsClient::connect(address, "test", &config).unwrap();
    for _ in 0..RELOADS {
        let (before, count) = (shown(), served.load(Ordering::Relaxed));
        authority.server(&["test"]).write(&folder.0, "test");
        server.reload();
        until("the new certificate is shown", || shown() != before);
        until("clients came meanwhile", || served.load(Ordering::Relaxed) > count);
    }
    // Who was there before is still there.
    assert!(kept.get("/").is_ok());
    over.store(true, Ordering::Relaxed);
    for client in clients {
        client.join().expect("no handshake and no request fails");
    }
    server.stop();
}

#[test]
fn broken_ones_leave_the_old_in_use_and_right_ones_end_that() {
    let (builder, authority, folder) = telling();
    let server = builder.start();
    let config = client(&authority);
    let shown = || TlsClient::connect(server.address, "test", &config).unwrap().certificate();
    let first = shown();
    let pair = folder.pair("test");
    let other = authority.server(&["test"]);
    let breaks: [&dyn Fn(); 4] = [
        &|| fs::remove_file(&pair.key).unwrap(),
        &|| crate::support::pki::replace(&pair.key, &other.key),
        &|| crate::support::pki::replace(&pair.certificate, "nothing"),
        &|| fs::remove_file(&pair.certificate).unwrap(),
    ];
    for change in breaks {
        change();
        server.reload();
        assert_eq!(shown(), first);
    }
    authority.sign(Wish::server(&["test"]).rsa()).write(&folder.0, "test");
    server.reload();
    until("the new certificate is shown", || shown() != first);
    server.stop();
}
