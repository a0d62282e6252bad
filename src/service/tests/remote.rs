//! Services that are added and ended while the server runs.

use std::time::Instant;

use super::{PATIENCE, Place, lives, running, start, stop, until};
use crate::{
    program,
    service::{Config, ServiceError, Services, State},
};

fn named(place: &Place, name: &str, script: &str) -> Config {
    Config { name: name.to_owned(), ..place.shell(script) }
}

#[test]
fn a_service_is_added_started_anew_and_ended() {
    let place = Place::new();
    let services = start(&[]);
    let remote = services.remote();
    assert_eq!(remote.terminate("one"), Err(ServiceError::Unknown("one".to_owned())));
    let mut config = named(&place, "one", "echo $$ >> \"$DIR/$$\"; exec sleep 1000");
    config.processes = 2;
    remote.create(config.clone()).unwrap();
    assert_eq!(remote.create(config), Err(ServiceError::Exists("one".to_owned())));
    let before: Vec<_> = remote.of("one").unwrap().into_iter().map(|status| status.pid.unwrap().to_string()).collect();
    assert_eq!(before.len(), 2);
    remote.create(named(&place, "two", "exec sleep 1000")).unwrap();
    remote.restart("one").unwrap();
    assert!(before.iter().all(|process| !lives(process)));
    let after: Vec<_> = remote.of("one").unwrap().into_iter().map(|status| status.pid.unwrap().to_string()).collect();
    assert!(after.len() == 2 && after.iter().all(|process| lives(process) && !before.contains(process)));
    assert_eq!(remote.list()[0].service, "one", "it has the place that it had");
    remote.terminate("one").unwrap();
    assert!(after.iter().all(|process| !lives(process)));
    assert_eq!(remote.of("one"), Err(ServiceError::Unknown("one".to_owned())));
    let two = remote.of("two").unwrap()[0].pid.unwrap().to_string();
    assert!(lives(&two));
    stop(services);
    assert!(!lives(&two));
    assert_eq!(remote.create(named(&place, "three", "true")), Err(ServiceError::Ending));
}

#[test]
fn one_that_cannot_be_started_is_not_added() {
    let place = Place::new();
    let services = start(&[named(&place, "one", "exec sleep 1000")]);
    running(&services, None);
    let remote = services.remote();
    let error = remote.create(Config::new("two", &["/no/such/program"])).unwrap_err();
    assert!(matches!(&error, ServiceError::Unstartable(name, _) if name == "two"), "{error}");
    assert_eq!(remote.list().len(), 1);
    let mut many = named(&place, "many", "true");
    many.processes = 1000;
    assert_eq!(remote.create(many), Err(ServiceError::TooMany(1000)));
    stop(services);
}

#[test]
fn one_that_is_slow_to_end_is_waited_for_by_one_alone_and_not_at_the_end_of_the_server() {
    let place = Place::new();
    let mut config = named(&place, "slow", "trap '' TERM; echo up > \"$DIR/up\"; while :; do sleep 0.05; done");
    config.stop_timeout = PATIENCE;
    let services = start(&[config]);
    place.note("up");
    let remote = services.remote();
    let waiting = std::thread::spawn({
        let remote = remote.clone();
        move || remote.terminate("slow")
    });
    until("it is told to end", || remote.list()[0].state == State::Ending);
    assert_eq!(remote.restart("slow"), Err(ServiceError::Busy("slow".to_owned())));
    drop(services);
    assert_eq!(waiting.join().unwrap(), Err(ServiceError::Ending));
}

#[test]
fn nothing_is_added_before_the_services_of_the_configuration_were_started() {
    let services = Services::new(program::environment());
    let place = Place::new();
    assert_eq!(services.remote().create(named(&place, "one", "true")), Err(ServiceError::Starting));
    services.stop(Instant::now());
}
