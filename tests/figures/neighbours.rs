//! C code below PHP that was written for one thread each: children, locales, environments, databases, from 8 workers at once.
//! Each request looks whether what comes back is its own.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread,
};

use parking_lot::Mutex;

use crate::{
    Figure,
    soak::{seconds, wait},
    support::{Load, Mode, Server},
};

/// Answers `ok`, or what was not its own.
const SCRIPT: &str = r#"<?php
$number = RoadRunner\Environment::workerNumber();
$kinds = [
    'proc_open' => function (string $own) {
        $process = proc_open(['sh', '-c', 'read line; echo "$line $OWN"; exit 7'], [['pipe', 'r'], ['pipe', 'w']], $pipes, null, ['OWN' => $own, 'PATH' => getenv('PATH')]);
        fwrite($pipes[0], "$own\n");
        fclose($pipes[0]);
        $line = stream_get_contents($pipes[1]);
        fclose($pipes[1]);
        return [$line, proc_close($process)] === ["$own $own\n", 7];
    },
    'exec' => fn (string $own) => exec("echo $own; exit 5", $lines, $code) === $own && $lines === [$own] && $code === 5,
    'pcntl' => function (string $own) {
        $child = pcntl_fork();
        if ($child === 0) {
            exit(crc32($own) % 100);
        }
        return $child > 0 && pcntl_waitpid($child, $status) === $child && pcntl_wexitstatus($status) === crc32($own) % 100;
    },
    'curl' => function (string $own) {
        $handles = [];
        $all = curl_multi_init();
        foreach ([1, 2] as $part) {
            $handles[$part] = curl_init('http://' . getenv('ECHO') . "/$own-$part");
            curl_setopt($handles[$part], CURLOPT_RETURNTRANSFER, true);
            curl_multi_add_handle($all, $handles[$part]);
        }
        do {
            curl_multi_exec($all, $running);
            curl_multi_select($all, 0.1);
        } while ($running);
        return array_map(curl_multi_getcontent(...), $handles) === [1 => "/$own-1", 2 => "/$own-2"];
    },
    'pdo of its own' => function (string $own) {
        $db = new PDO('sqlite::memory:');
        $db->exec('CREATE TABLE t (own TEXT)');
        $db->sqliteCreateFunction('twice', fn (string $text) => $text . $text);
        $db->prepare('INSERT INTO t VALUES (?)')->execute([$own]);
        return $db->query('SELECT twice(own) FROM t')->fetchAll(PDO::FETCH_COLUMN) === [$own . $own];
    },
    'pdo shared' => function (string $own) {
        $db = new PDO('sqlite:' . __DIR__ . '/shared.db', null, null, [PDO::ATTR_TIMEOUT => 30]);
        $db->exec('CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, own TEXT)');
        $db->exec('BEGIN IMMEDIATE');
        $db->prepare('INSERT INTO t (own) VALUES (?)')->execute([$own]);
        $id = $db->lastInsertId();
        $db->exec('COMMIT');
        $found = $db->query("SELECT own FROM t WHERE id = $id")->fetchColumn();
        $db->exec("DELETE FROM t WHERE id = $id");
        return $found === $own;
    },
    'intl' => function (string $own) {
        [$locale, $expected] = [['de_DE', '1.234,5'], ['en_US', '1,234.5'], ['fr_CH', "1\u{202f}234,5"]][crc32($own) % 3];
        $before = Locale::getDefault();
        Locale::setDefault($locale);
        $words = [];
        for ($i = 0; $i < 20; $i++) {
            $words[] = (new NumberFormatter(Locale::getDefault(), NumberFormatter::DECIMAL))->format(1234.5);
        }
        $sorted = ['z', "\u{e4}", 'a'];
        (new Collator($locale))->sort($sorted);
        $set = Locale::getDefault();
        Locale::setDefault($before);
        return $set === $locale && array_unique($words) === [$expected] && $sorted === ['a', "\u{e4}", 'z'];
    },
    'putenv' => function (string $own) {
        putenv("OWN=$own");
        usleep(2000);
        $seen = getenv('OWN');
        // Of what was set last, by any worker.
        $child = exec('echo "child $OWN"');
        putenv('OWN');
        return $seen === $own && getenv('OWN') === false && str_starts_with($child, 'child');
    },
    'setlocale' => function (string $own) {
        $locale = ['C', 'C.UTF-8'][crc32($own) % 2];
        $set = setlocale(LC_CTYPE, $locale);
        usleep(2000);
        $same = setlocale(LC_CTYPE, 0) === $set;
        return $same && sprintf('%.2f', 1.5) === '1.50' && (float) '2.5' === 2.5;
    },
    'chdir' => function (string $own) {
        $directory = sys_get_temp_dir() . '/rr-' . getmypid() . "-$own";
        mkdir($directory);
        $before = getcwd();
        chdir($directory);
        file_put_contents('own', $own);
        usleep(500);
        $same = realpath('.') === realpath($directory) && file_get_contents('own') === $own && exec('pwd -P') === realpath($directory);
        chdir($before);
        unlink("$directory/own");
        rmdir($directory);
        return $same;
    },
    'preg' => function (string $own) {
        $text = str_repeat("$own word 12345 \u{e4}\u{f6} ", 2000);
        $count = preg_match_all('/(?<own>[\w-]+) word (\d+)/u', $text, $found);
        $replaced = preg_replace_callback('/\d+/', fn ($match) => strrev($match[0]), $text);
        return $count === 2000 && array_unique($found['own']) === [$own] && substr_count($replaced, '54321') >= 2000;
    },
    'hash' => fn (string $own) => password_verify($own, password_hash($own, PASSWORD_BCRYPT, ['cost' => 5]))
        && gzuncompress(gzcompress($own)) === $own && openssl_decrypt(openssl_encrypt($own, 'aes-256-cbc', 'key', 0, str_repeat('i', 16)), 'aes-256-cbc', 'key', 0, str_repeat('i', 16)) === $own,
    'timezone' => function (string $own) {
        [$zone, $hour] = [['Asia/Tokyo', '09'], ['UTC', '00'], ['America/Lima', '19']][crc32($own) % 3];
        date_default_timezone_set($zone);
        usleep(200);
        return date('H', 0) === $hour && date_default_timezone_get() === $zone;
    },
];
$names = array_keys($kinds);
$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {
    $own = $number . '-' . substr($request->path, 1);
    $name = $names[(int) substr($request->path, 1) % count($names)];
    try {
        $worker->respond(200, $kinds[$name]($own) ? 'ok' : $name);
    } catch (Throwable $error) {
        $worker->respond(200, "$name: {$error->getMessage()}");
    }
}
"#;

/// A server that answers each request with its target.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = |stream: std::net::TcpStream| -> std::io::Result<()> {
        let mut lines = BufReader::new(&stream).lines();
        let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
        lines.take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty())).for_each(drop);
        let target = first.split(' ').nth(1).unwrap_or_default();
        write!(&stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{target}", target.len())
    };
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || drop(answer(stream)));
        }
    });
    address
}

/// The long run.
pub fn soak() -> Vec<Figure> {
    let server = Server::of(SCRIPT)
        .config("http: {address: {address}, pool: {num_workers: 8, max_jobs: 5000}}")
        .mode(Mode::JitTracing)
        .env("ECHO", &echo().to_string())
        .start();
    let wrong: Arc<Mutex<BTreeMap<String, u64>>> = Arc::default();
    let seen = Arc::clone(&wrong);
    let load = Load::checked(
        server.address,
        16,
        |number| format!("/{number}"),
        move |_, answer| {
            let text = answer.text();
            if text != "ok" {
                *seen.lock().entry(text).or_default() += 1;
            }
            true
        },
    );
    wait(seconds(), &load);
    let answers = load.answers();
    let failures = load.failures();
    let log = server.stop();
    let wrong = wrong.lock();
    assert!(!log.contains("panicked"), "{log}");
    vec![
        Figure::new("neighbours: failed requests", failures.len() as f64, "requests")
            .at_most(0.0)
            .note(format!("{answers} requests in {} s {failures:?}", seconds())),
        Figure::new("neighbours: answers that were not their own", wrong.values().sum::<u64>() as f64, "answers")
            .at_most(0.0)
            .note(if wrong.is_empty() { String::new() } else { format!("{wrong:?}") }),
    ]
}
