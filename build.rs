//! Compiles the C shim against the PHP in use, and refuses one that is not thread-safe.

#[cfg(not(feature = "php"))]
fn main() {}

#[cfg(feature = "php")]
fn main() {
    println!("cargo::rerun-if-env-changed=PHP_CONFIG");
    println!("cargo::rerun-if-env-changed=PHP");
    println!("cargo::rerun-if-changed=src/php/shim");
    if let Err(reason) = build() {
        println!("cargo::error={reason}");
    }
}

#[cfg(feature = "php")]
fn build() -> Result<(), String> {
    let config = std::env::var("PHP_CONFIG").unwrap_or_else(|_| "php-config".to_owned());
    let ask = |question: &str| match std::process::Command::new(&config).arg(question).output() {
        Ok(output) => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        Err(error) => Err(format!(
            "cannot run {config}: {error}: run `make build`, which sets up a thread-safe PHP, or set PHP_CONFIG"
        )),
    };
    if !ask("--configure-options")?.contains("--enable-zts") {
        return Err(format!(
            "{config} is of a PHP that is not thread-safe (NTS): set PHP_CONFIG to one of a PHP built with --enable-zts, \
             or run `make build`, which builds one"
        ));
    }
    let number = ask("--vernum")?.parse().unwrap_or(0);
    if number < 80_300 {
        return Err(format!("{config} is of PHP {number}, but 8.3 (80300) or newer is needed"));
    }
    let mut build = cc::Build::new();
    for flag in ask("--includes")?.split_whitespace() {
        build.flag(flag);
    }
    build.std("gnu11").flag("-fvisibility=hidden").warnings(true).extra_warnings(false).include("src/php/shim");
    let files = [
        "tsrm",
        "engine",
        "environment",
        "opcache",
        "thread",
        "cancel",
        "signal",
        "value",
        "server",
        "stream",
        "channel",
        "lock",
        "metrics",
        "cache",
        "upload",
        "body",
        "parts",
        "file",
        "rpc",
        "class",
    ];
    for file in files {
        build.file(format!("src/php/shim/{file}.c"));
    }
    build.compile("rr_shim");
    // PHP unloads extensions at its end, which would unmap code under threads that still run.
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    Ok(())
}
