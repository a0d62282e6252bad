//! Memory that files under way to slow readers take.

use std::{fs::File, io::Write, thread, time::Duration};

use crate::{
    Figure,
    support::{Client, Server, until},
};

const MEBIBYTE: usize = 1024 * 1024;
/// Downloads at a time.
const CLIENTS: usize = 20;
/// Length of the file.
const LENGTH: usize = 200 * MEBIBYTE;

/// Twenty downloads at once to readers that take a little from time to time.
pub fn measure() -> Vec<Figure> {
    let script = "$request->path === '/file' ? $request->sendFile(__DIR__ . '/file') : $request->respond(200, 'x');";
    let server = Server::with_loop(script).workers(2).start();
    let mut file = File::create(server.directory.join("file")).unwrap();
    (0..LENGTH / MEBIBYTE).for_each(|_| file.write_all(&[7; MEBIBYTE]).unwrap());
    (0..100).for_each(|_| drop(Client::connect(server.address).unwrap().get("/").unwrap()));
    let before = server.resident();
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| Client::connect(server.address).unwrap()).collect();
    for client in &mut clients {
        client.send(b"GET /file HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    }
    let mut most = before;
    for _ in 0..40 {
        for client in &mut clients {
            client.some().unwrap();
        }
        most = most.max(server.resident());
        thread::sleep(Duration::from_millis(25));
    }
    drop(clients);
    until("the files are closed", || server.descriptors() < CLIENTS + 40);
    let grown = most.saturating_sub(before) as f64 / CLIENTS as f64 / MEBIBYTE as f64;
    server.stop();
    vec![
        Figure::new("memory of a download of 200 MiB to a slow reader", grown, "MiB")
            .at_most(2.0)
            .note(format!("{CLIENTS} at once")),
    ]
}
