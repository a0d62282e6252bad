use super::*;

fn read(words: &[&str]) -> Result<Worker, String> {
    Worker::parse(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
}

fn worker(flags: &[&str], script: &str, arguments: &[&str]) -> Result<Worker, String> {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Ok(Worker { flags: owned(flags), script: script.to_owned(), arguments: owned(arguments) })
}

#[test]
fn flags_script_and_arguments_are_told_apart() {
    for (command, expected) in [
        (&["php", "worker.php"][..], worker(&[], "worker.php", &[])),
        (&["/usr/bin/php8.4", "public/worker.php", "-x"], worker(&[], "public/worker.php", &["-x"])),
        (&["php-zts", "artisan", "octane:work"], worker(&[], "artisan", &["octane:work"])),
        (&["php", "-d", "memory_limit=1G", "w.php"], worker(&["-d", "memory_limit=1G"], "w.php", &[])),
        (&["php", "-dmemory_limit=1G", "w.php"], worker(&["-dmemory_limit=1G"], "w.php", &[])),
        (&["php", "--define", "a=1", "w.php"], worker(&["--define", "a=1"], "w.php", &[])),
        (&["php", "--define=a=1", "-n", "w.php"], worker(&["--define=a=1", "-n"], "w.php", &[])),
        (&["php", "-nqd", "a=1", "w.php"], worker(&["-nqd", "a=1"], "w.php", &[])),
        (&["php", "-c", "conf", "-z", "x.so", "w.php"], worker(&["-c", "conf", "-z", "x.so"], "w.php", &[])),
        (&["php", "-f", "w.php", "--", "a"], worker(&[], "w.php", &["--", "a"])),
        (&["php", "-n", "--", "w.php", "-d"], worker(&["-n"], "w.php", &["-d"])),
        (&["./worker.php", "a"], worker(&[], "./worker.php", &["a"])),
        (&["./php-worker.php"], worker(&[], "./php-worker.php", &[])),
        (&["/usr/bin/php8.4,/app/vendor/bin/roadrunner-worker"], worker(&[], "/app/vendor/bin/roadrunner-worker", &[])),
    ] {
        assert_eq!(read(command), expected, "{command:?}");
    }
}

#[test]
fn what_is_no_worker_is_refused() {
    for (command, expected) in [
        (&[][..], "is required"),
        (&["php"], "names no script: \"php\""),
        (&["php", "-n"], "names no script: \"php -n\""),
        (&["php", "-d"], "has -d, with which PHP runs no worker script"),
        (&["php", "-r", "echo 1;"], "has -r, with which PHP runs no worker script"),
        (&["php", "-S", "localhost:80"], "has -S, with which PHP runs no worker script"),
        (&["php", "--version"], "has --version, with which PHP runs no worker script"),
        (&["python3", "worker.py"], "starts \"python3\", but workers are threads of PHP"),
        (&["sh", "-c", "php worker.php"], "starts \"sh\", but workers are threads of PHP"),
    ] {
        let error = read(command).unwrap_err();
        assert!(error.starts_with(expected), "{command:?}: {error}");
    }
}

#[test]
fn settings_of_the_flags_are_seen() {
    for command in [
        &["php", "-d", "opcache.enable_cli=0", "w.php"][..],
        &["php", "-dopcache.enable_cli", "w.php"],
        &["php", "--define=opcache.enable_cli=1", "w.php"],
    ] {
        assert!(read(command).unwrap().sets("opcache.enable_cli"), "{command:?}");
    }
    assert!(!read(&["php", "-d", "opcache.enable=0", "w.php"]).unwrap().sets("opcache.enable_cli"));
    assert!(read(&["php", "-n", "w.php"]).unwrap().is_without_ini());
    assert!(!read(&["php", "-q", "w.php", "-n"]).unwrap().is_without_ini());
}

#[test]
fn a_script_must_be_a_file_that_can_be_read() {
    let path = |script: &str| read(&["php", script]).unwrap().path();
    assert!(path("Cargo.toml").unwrap().is_absolute());
    assert!(
        path("no/such.php")
            .unwrap_err()
            .starts_with("names the script no/such.php, which cannot be read: No such file")
    );
    assert_eq!(path("src").unwrap_err(), "names the script src, which is a directory");
}
