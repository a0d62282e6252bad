//! Compiles the C shim against the PHP in use, and refuses one that is not thread-safe.

#[cfg(not(feature = "php"))]
fn main() {}

#[cfg(feature = "php")]
fn main() {
    use std::{env, process::exit};

    println!("cargo:rerun-if-env-changed=PHP_CONFIG");
    println!("cargo:rerun-if-env-changed=PHP");
    println!("cargo:rerun-if-changed=src/php/shim");
    let config = env::var("PHP_CONFIG").unwrap_or_else(|_| "php-config".to_owned());
    let options = match ask(&config, "--configure-options") {
        Ok(options) => options,
        Err(error) => {
            eprintln!("error: cannot run {config}: {error}. Run `make build`, which sets up a thread-safe PHP, or set PHP_CONFIG.");
            exit(1);
        }
    };
    let number = ask(&config, "--vernum").ok().and_then(|number| number.trim().parse::<u32>().ok()).unwrap_or(0);
    if !options.contains("--enable-zts") && !options.contains("--enable-maintainer-zts") {
        eprintln!("error: {config} is of a PHP that is not thread-safe (NTS): set PHP_CONFIG to one built with --enable-zts, or run `make build`, which builds one.");
        exit(1);
    }
    if number < 80_300 {
        eprintln!("error: {config} is of PHP {number}: PHP 8.3 or newer is needed.");
        exit(1);
    }
    let mut build = cc::Build::new();
    for flag in ask(&config, "--includes").unwrap_or_default().split_whitespace() {
        build.flag(flag);
    }
    if env::var_os("ROADRUNNER_ASAN").is_some() {
        build.flag("-fsanitize=address");
    }
    build
        .std("gnu11")
        .flag("-fvisibility=hidden")
        .warnings(true)
        .extra_warnings(false)
        .flag_if_supported("-Wno-unused-parameter")
        .include("src/php/shim");
    for file in ["tsrm", "engine", "thread", "signal", "value", "class"] {
        build.file(format!("src/php/shim/{file}.c"));
    }
    build.compile("rr_shim");
    // PHP unloads extensions at its end, which would unmap code under threads that still run.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
}

#[cfg(feature = "php")]
fn ask(config: &str, question: &str) -> std::io::Result<String> {
    let output = std::process::Command::new(config).arg(question).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
