use std::{
    fs::{self, Permissions},
    io::Read,
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant, SystemTime},
};

use flate2::read::GzDecoder;
use tracing::info;

use super::{super::clock::Moment, Directory, PATIENCE, config, logged, read};
use crate::log::Log;

/// An entry of a third of the smallest file.
fn third() -> String {
    "x".repeat(400_000)
}

fn rotated(directory: &Directory, options: &str) -> String {
    let file = directory.file("rr.log");
    format!("{{mode: raw, file_logger_options: {{log_output: {}, max_size: 1, {options}}}}}", file.display())
}

/// The name of a file that was rotated `days` ago.
fn old(days: u64) -> String {
    format!("rr-{}.log", Moment::from(SystemTime::now() - Duration::from_hours(24 * days)).file_name())
}

#[test]
fn a_file_moved_away_is_opened_again_when_told() {
    let directory = Directory::new();
    let (file, moved) = (directory.file("log"), directory.file("log.1"));
    logged(&format!("{{mode: raw, output: {}}}", file.display()), |log| {
        info!("one");
        assert!(log.flush(Instant::now() + PATIENCE));
        fs::rename(&file, &moved).unwrap();
        info!("two");
        assert!(log.flush(Instant::now() + PATIENCE));
        log.reopen();
        info!("three");
    });
    assert_eq!((read(&moved), read(&file)), ("one\ntwo\n".to_owned(), "three\n".to_owned()));
}

#[test]
fn a_file_that_cannot_be_opened_again_is_kept_and_said_so() {
    let directory = Directory::new();
    let inner = directory.file("inner");
    fs::create_dir(&inner).unwrap();
    let (file, errors) = (inner.join("log"), directory.file("errors"));
    let moved = directory.file("moved");
    logged(&format!("{{mode: raw, output: {}, err_output: {}}}", file.display(), errors.display()), |log| {
        info!("one");
        assert!(log.flush(Instant::now() + PATIENCE));
        fs::rename(&inner, &moved).unwrap();
        log.reopen();
        info!("two");
    });
    assert_eq!(read(&moved.join("log")), "one\ntwo\n");
    let told = read(&errors);
    assert!(told.starts_with(&format!("cannot open {} again: No such file", file.display())), "{told}");
    assert!(told.ends_with("the old file is kept\n"), "{told}");
}

#[test]
fn files_are_appended_to() {
    let directory = Directory::new();
    let file = directory.file("log");
    fs::write(&file, "before\n").unwrap();
    logged(&format!("{{mode: raw, output: {}}}", file.display()), |_| info!("after"));
    assert_eq!(read(&file), "before\nafter\n");
}

#[test]
fn a_file_is_rotated_before_it_grows_too_large() {
    let directory = Directory::new();
    logged(&rotated(&directory, ""), |log| {
        for number in 0..7 {
            info!("{number} {}", third());
            assert!(log.flush(Instant::now() + PATIENCE));
        }
    });
    let names = directory.names();
    assert_eq!(names.len(), 4, "{names:?}");
    let (backups, last) = names.split_at(3);
    assert_eq!(last, ["rr.log"]);
    let mut entries = Vec::new();
    for name in backups.iter().chain(last) {
        let text = read(&directory.file(name));
        assert!(text.len() <= 1024 * 1024, "{name} has {} bytes", text.len());
        entries.extend(text.lines().map(|line| line.split_once(' ').unwrap().0.to_owned()));
    }
    assert_eq!(entries, ["0", "1", "2", "3", "4", "5", "6"], "nothing is lost or out of order: {names:?}");
    for name in backups {
        assert!(name.starts_with("rr-20") && name.len() == "rr-2026-01-31T15-04-05.000.log".len(), "{name}");
    }
}

#[test]
fn a_batch_is_split_between_files_and_a_huge_entry_has_one_of_its_own() {
    let directory = Directory::new();
    let log = Log::open(&config(&rotated(&directory, ""))).unwrap();
    tracing::subscriber::with_default(log.subscriber(), || {
        info!("small");
        info!("{}", third().repeat(4));
        info!("small");
    });
    log.stop(Instant::now() + PATIENCE);
    let sizes: Vec<_> =
        directory.names().iter().map(|name| fs::metadata(directory.file(name)).unwrap().len()).collect();
    assert_eq!(sizes, [6, 1_600_001, 6]);
}

#[test]
fn old_files_that_are_too_many_or_too_old_are_removed() {
    let directory = Directory::new();
    let strange = ["rr-keep.log", "rr-2026-01-31.log", "other-2001-01-01T00-00-00.000.log", "rr.log.1"];
    for name in strange {
        fs::write(directory.file(name), "").unwrap();
    }
    for days in [1, 2, 3, 4, 30] {
        fs::write(directory.file(&old(days)), "").unwrap();
    }
    let (one, two) = (old(1)[..13].to_owned(), old(2)[..13].to_owned());
    logged(&rotated(&directory, "max_backups: 3"), |_| {
        for _ in 0..3 {
            info!("{}", third());
        }
    });
    let names: Vec<_> = directory.names().into_iter().filter(|name| !strange.contains(&name.as_str())).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(names[0].starts_with(&two) && names[1].starts_with(&one) && names[3] == "rr.log", "{names:?}");
    assert_eq!(directory.names().len(), 4 + strange.len(), "files of others are left alone");

    let directory = Directory::new();
    for days in [23, 25] {
        fs::write(directory.file(&old(days)), "").unwrap();
    }
    logged(&rotated(&directory, ""), |_| {
        for _ in 0..3 {
            info!("{}", third());
        }
    });
    assert_eq!(directory.names().len(), 3, "{:?}", directory.names());
}

#[test]
fn old_files_are_compressed() {
    let directory = Directory::new();
    let left = directory.file(&old(1));
    fs::write(&left, "left over\n").unwrap();
    fs::write(directory.file(&format!("{}.gz.tmp", old(2))), "of a process that was killed").unwrap();
    let log = Log::open(&config(&rotated(&directory, "compress: true"))).unwrap();
    log.start().unwrap();
    tracing::subscriber::with_default(log.subscriber(), || {
        for _ in 0..3 {
            info!("{}", third());
        }
    });
    // What came while another file was compressed has its turn with a later entry.
    let end = Instant::now() + PATIENCE;
    let compressed = || directory.names().iter().filter(|name| name.ends_with(".log.gz")).count();
    while compressed() < 2 || directory.names().len() > 3 {
        assert!(Instant::now() < end, "{:?}", directory.names());
        tracing::subscriber::with_default(log.subscriber(), || info!("more"));
        std::thread::sleep(Duration::from_millis(5));
    }
    for (name, length) in directory.names().iter().zip([10, 800_002]) {
        let mut text = String::new();
        GzDecoder::new(fs::File::open(directory.file(name)).unwrap()).read_to_string(&mut text).unwrap();
        assert_eq!(text.len(), length, "{name}");
    }
    log.stop(Instant::now() + PATIENCE);
}

#[test]
fn a_new_file_has_the_permissions_of_the_old_one() {
    let directory = Directory::new();
    let file = directory.file("rr.log");
    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    logged(&rotated(&directory, ""), |_| {
        for _ in 0..3 {
            info!("{}", third());
        }
    });
    assert_eq!(directory.names().len(), 2);
    for name in directory.names() {
        assert_eq!(fs::metadata(directory.file(&name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
}

#[test]
fn a_rotated_file_that_was_deleted_is_made_again() {
    let directory = Directory::new();
    let file = directory.file("rr.log");
    logged(&rotated(&directory, ""), |log| {
        info!("one");
        assert!(log.flush(Instant::now() + PATIENCE));
        fs::remove_file(&file).unwrap();
        info!("two");
    });
    assert_eq!(read(&file), "two\n");
}

#[test]
fn the_file_for_troubles_is_opened_again_too() {
    let directory = Directory::new();
    let (file, moved) = (directory.file("errors"), directory.file("errors.1"));
    logged(&format!("{{output: /dev/full, err_output: {}, mode: raw}}", file.display()), |log| {
        fs::rename(&file, &moved).unwrap();
        log.reopen();
        info!("lost");
    });
    assert_eq!(read(&moved), "");
    assert!(read(&file).starts_with("cannot write to /dev/full"), "{}", read(&file));
}

#[test]
fn a_file_that_another_process_rotated_is_followed() {
    let directory = Directory::new();
    let (file, moved) = (directory.file("rr.log"), directory.file("moved"));
    logged(&rotated(&directory, ""), |log| {
        info!("one");
        assert!(log.flush(Instant::now() + PATIENCE));
        fs::rename(&file, &moved).unwrap();
        fs::write(&file, "of another\n").unwrap();
        info!("two");
    });
    assert_eq!((read(&moved), read(&file)), ("one\n".to_owned(), "of another\ntwo\n".to_owned()));
}

#[test]
fn the_directory_of_a_rotated_file_is_made() {
    let directory = Directory::new();
    let file = directory.file("a/b/rr.log");
    logged(&format!("{{mode: raw, file_logger_options: {{log_output: {}}}}}", file.display()), |_| info!("in"));
    assert_eq!(read(&file), "in\n");
}

#[test]
fn a_full_disk_is_told_once_and_what_is_lost_is_counted() {
    let directory = Directory::new();
    let errors = directory.file("errors");
    let log =
        Log::open(&config(&format!("{{mode: raw, output: /dev/full, err_output: {}}}", errors.display()))).unwrap();
    tracing::subscriber::with_default(log.subscriber(), || {
        for _ in 0..3 {
            info!("lost");
        }
    });
    assert_eq!(log.dropped(), 3);
    assert_eq!(read(&errors), "cannot write to /dev/full: No space left on device (os error 28)\n");
}
