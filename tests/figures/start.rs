//! How long a start takes, and what a child of a worker needs to hear its signal.

use std::time::Instant;

use crate::{
    Figure,
    support::{Mode, Server, get},
};

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

pub fn measure() -> Vec<Figure> {
    let starts = (0..20)
        .map(|_| {
            let builder = Server::with_loop("$worker->respond(200, 'hello');").workers(4).mode(Mode::Opcache);
            let start = Instant::now();
            let server = builder.start();
            assert_eq!(get(server.address, "/").text(), "hello");
            let milliseconds = start.elapsed().as_secs_f64() * 1e3;
            server.stop();
            milliseconds
        })
        .collect();
    let server = Server::with_loop(
        r#"
    $process = proc_open(['sleep', '600'], [], $pipes);
    $start = hrtime(true);
    proc_terminate($process);
    while (proc_get_status($process)['running'] && hrtime(true) < $start + 30e9) {
        usleep(100);
    }
    $worker->respond(200, (string) (hrtime(true) - $start));"#,
    )
    .workers(2)
    .start();
    let deaths = (0..20).map(|_| get(server.address, "/").text().parse::<f64>().unwrap() / 1e6).collect();
    server.stop();
    vec![
        Figure::new("start: php to first answer, 4 workers, median of 20", median(starts), "ms").at_most(80.0),
        Figure::new("children: proc_terminate to end, median of 20", median(deaths), "ms").at_most(1000.0),
    ]
}
