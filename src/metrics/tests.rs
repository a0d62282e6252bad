use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use super::{
    Collector, Declaration, Error, Family, Format, Kind, Metric, Objective, Registry, Value, page, quantile::Stream,
    summary::Summary,
};

const OWN: Metric = Metric::counter("rr_own_total", "");

fn counter(name: &str, labels: &[&str]) -> Declaration {
    Declaration::new(name, "Help", Kind::Counter).with_labels(labels)
}

fn declared(declaration: Declaration) -> Result<Arc<Collector>, Error> {
    Registry::new(100).declare(declaration)
}

fn shown(registry: &Registry, format: Format) -> String {
    let families: Vec<Family> = registry.collectors().iter().map(|collector| collector.family()).collect();
    page(&families, format)
}

#[test]
fn names_and_labels_follow_the_rules_of_prometheus() {
    for name in ["a", "_a", "a:b", "A9", "rr_x"] {
        assert!(declared(counter(name, &["x", "_y", "Z9"])).is_ok(), "{name}");
    }
    for name in ["", "9a", "a b", "a-b", "é", "a\0", &"a".repeat(256)] {
        let error = declared(counter(name, &[])).unwrap_err();
        assert!(matches!(&error, Error::Invalid(reason) if reason.contains("is not the name of a metric")), "{error}");
    }
    for (labels, reason) in [
        (vec![""], "letters, digits and _"),
        (vec!["a:b"], "letters, digits and _"),
        (vec!["__name__"], "Prometheus' own"),
        (vec!["a", "a"], "named twice"),
    ] {
        let error = declared(counter("a", &labels)).unwrap_err().to_string();
        assert!(error.contains(reason), "{labels:?}: {error}");
    }
    for (kind, label) in [(Kind::Histogram(vec![]), "le"), (Kind::Summary(vec![]), "quantile")] {
        let error = declared(Declaration::new("a", "", kind).with_labels(&[label])).unwrap_err().to_string();
        assert!(error.contains("has it by itself"), "{error}");
    }
    assert!(declared(counter("a", &["le", "quantile"])).is_ok());
}

#[test]
fn buckets_grow_and_objectives_are_shares() {
    let of = |kind| declared(Declaration::new("a", "", kind)).map(|collector| collector.declared().kind.clone());
    assert!(matches!(of(Kind::Histogram(vec![])).unwrap(), Kind::Histogram(bounds) if bounds.len() == 11));
    assert_eq!(of(Kind::Histogram(vec![1.0, f64::INFINITY])).unwrap(), Kind::Histogram(vec![1.0]));
    for bounds in [vec![1.0, 1.0], vec![2.0, 1.0], vec![f64::NAN], vec![f64::NEG_INFINITY, 1.0], vec![1.0; 300]] {
        assert!(of(Kind::Histogram(bounds.clone())).is_err(), "{bounds:?}");
    }
    for (quantile, error) in [(1.1, 0.1), (-0.1, 0.1), (0.5, 1.1), (f64::NAN, 0.1)] {
        assert!(of(Kind::Summary(vec![Objective { quantile, error }])).is_err(), "{quantile} {error}");
    }
}

#[test]
fn a_name_means_one_thing() {
    let registry = Registry::new(100);
    let first = registry.declare(counter("jobs_total", &["queue"])).unwrap();
    let again =
        Declaration { help: "Other".to_owned(), namespace: "shop".to_owned(), ..counter("jobs_total", &["queue"]) };
    assert!(Arc::ptr_eq(&first, &registry.declare(again).unwrap()), "the same shape is the same metric");
    let error = registry.declare(counter("jobs_total", &[])).unwrap_err().to_string();
    let expected = "metric \"jobs_total\" cannot be declared as a counter: it is a counter by queue already";
    assert_eq!(error, expected);
    registry.declare(Declaration::new("size", "", Kind::Histogram(vec![1.0]))).unwrap();
    assert!(registry.declare(Declaration::new("size", "", Kind::Histogram(vec![2.0]))).is_err());
    for name in ["size_count", "size_bucket", "jobs"] {
        let error = registry.declare(counter(name, &[])).unwrap_err().to_string();
        assert!(error.contains("is shown under the same name"), "{error}");
    }
    registry.reserve(&[&OWN]);
    let own = Declaration { namespace: "rr".to_owned(), ..counter("own_total", &[]) };
    assert!(registry.declare(own).unwrap_err().to_string().contains("the server itself has rr_own_total"));
}

#[test]
fn what_is_unregistered_is_gone_and_says_so() {
    let registry = Registry::new(100);
    let first = registry.declare(counter("a", &[])).unwrap();
    assert!(registry.unregister("a") && !registry.unregister("a"));
    assert_eq!(first.add(1.0, &[], None), Err(Error::Unregistered("a".to_owned())));
    assert_eq!(registry.find("a").unwrap_err().to_string(), "there is no metric \"a\": declare it first");
    registry.declare(counter("a", &["now", "others"])).unwrap().add(1.0, &["x", "y"], None).unwrap();
}

#[test]
fn operations_and_values_that_a_metric_does_not_have_are_errors() {
    let registry = Registry::new(100);
    let of = |name, kind| registry.declare(Declaration::new(name, "", kind)).unwrap();
    let (counter, gauge) = (of("c", Kind::Counter), of("g", Kind::Gauge));
    let (histogram, summary) = (of("h", Kind::Histogram(vec![])), of("s", Kind::Summary(vec![])));
    for (result, expected) in [
        (counter.set(1.0, &[]), "metric \"c\" is a counter: it has no operation \"set\""),
        (counter.sub(1.0, &[]), "metric \"c\" is a counter: it has no operation \"sub\""),
        (counter.observe(1.0, &[], None), "metric \"c\" is a counter: it has no operation \"observe\""),
        (gauge.observe(1.0, &[], None), "metric \"g\" is a gauge: it has no operation \"observe\""),
        (histogram.add(1.0, &[], None), "metric \"h\" is a histogram: it has no operation \"add\""),
        (summary.set(1.0, &[]), "metric \"s\" is a summary: it has no operation \"set\""),
        (counter.add(-1.0, &[], None), "metric \"c\" cannot take -1: a counter grows by a number, not less than 0"),
        (
            counter.add(f64::NAN, &[], None),
            "metric \"c\" cannot take NaN: a counter grows by a number, not less than 0",
        ),
        (gauge.add(f64::INFINITY, &[], None), "metric \"g\" cannot take inf: a gauge changes by a number"),
        (histogram.observe(f64::NAN, &[], None), "metric \"h\" cannot take NaN: what is observed is a number"),
        (counter.add(1.0, &["a"], None), "metric \"c\" has no labels; values given: 1"),
    ] {
        assert_eq!(result.unwrap_err().to_string(), expected);
    }
    assert!(gauge.set(f64::INFINITY, &[]).is_ok());
}

#[test]
fn changes_by_many_threads_are_all_there() {
    let registry = Registry::new(100);
    let total = registry.declare(counter("total", &["of"])).unwrap();
    let gauge = registry.declare(Declaration::new("gauge", "", Kind::Gauge)).unwrap();
    let sizes = registry.declare(Declaration::new("sizes", "", Kind::Histogram(vec![0.5, 1.5]))).unwrap();
    thread::scope(|scope| {
        for thread in 0..4 {
            let (total, gauge, sizes) = (&total, &gauge, &sizes);
            scope.spawn(move || {
                for round in 0..5000 {
                    total.add(1.0, &[["even", "odd"][round % 2]], None).unwrap();
                    total.add(0.25, &["part"], None).unwrap();
                    gauge.add(if thread % 2 == 0 { 0.5 } else { -0.25 }, &[], None).unwrap();
                    sizes.observe([0.5, 1.0, 2.0][round % 3], &[], None).unwrap();
                }
            });
        }
    });
    let text = shown(&registry, Format::Text);
    for line in [
        "total{of=\"even\"} 10000\n",
        "total{of=\"odd\"} 10000\n",
        "total{of=\"part\"} 5000\n",
        "gauge 2500\n",
        "sizes_bucket{le=\"0.5\"} 6668\n",
        "sizes_bucket{le=\"1.5\"} 13336\n",
        "sizes_bucket{le=\"+Inf\"} 20000\n",
        "sizes_count 20000\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}

#[test]
fn series_are_bounded_and_known_ones_go_on() {
    let registry = Registry::new(3);
    let total = registry.declare(counter("total", &["id"])).unwrap();
    for id in ["a", "b", "c", "a"] {
        total.add(1.0, &[id], None).unwrap();
    }
    for _ in 0..2 {
        let error = total.add(1.0, &["d"], None).unwrap_err();
        assert_eq!(error, Error::TooMany { name: "total".to_owned(), most: 3 });
    }
    total.add(1.0, &["b"], None).unwrap();
    let own = page(&registry.own(), Format::Text);
    assert!(own.contains("rr_metrics_refused_total 2\n") && own.contains("rr_metrics_series 3\n"), "{own}");
    // Values that stand next to each other are kept apart.
    let pairs = registry.declare(counter("pairs", &["a", "b"])).unwrap();
    pairs.add(1.0, &["x", "yz"], None).unwrap();
    pairs.add(1.0, &["xy", "z"], None).unwrap();
    assert!(shown(&registry, Format::Text).contains("pairs{a=\"x\",b=\"yz\"} 1\npairs{a=\"xy\",b=\"z\"} 1\n"));
    assert!(pairs.add(1.0, &["x", &"y".repeat(1025)], None).unwrap_err().is_of_argument());
}

#[test]
fn both_formats_say_the_same() {
    let registry = Registry::new(100);
    let help = "Orders: \\ \"all\"\nof them";
    let orders =
        registry.declare(Declaration::new("orders_total", help, Kind::Counter).with_labels(&["shop"])).unwrap();
    orders.add(2.0, &["a \"b\" \\ \n"], Some("abc")).unwrap();
    registry.declare(counter("plain", &[])).unwrap().add(1.5, &[], None).unwrap();
    let sizes = registry.declare(Declaration::new("sizes", "", Kind::Histogram(vec![0.1, 1.0]))).unwrap();
    sizes.observe(0.25, &[], Some("t1")).unwrap();
    sizes.observe(3.0, &[], None).unwrap();
    let level =
        registry.declare(Declaration { subsystem: "s".to_owned(), ..Declaration::new("z", "", Kind::Gauge) }).unwrap();
    level.set(1e-9, &[]).unwrap();
    assert_eq!(
        shown(&registry, Format::Text),
        "# HELP orders_total Orders: \\\\ \"all\"\\nof them\n# TYPE orders_total counter\n\
         orders_total{shop=\"a \\\"b\\\" \\\\ \\n\"} 2\n\
         # HELP plain Help\n# TYPE plain counter\nplain 1.5\n\
         # TYPE sizes histogram\nsizes_bucket{le=\"0.1\"} 0\nsizes_bucket{le=\"1\"} 1\nsizes_bucket{le=\"+Inf\"} 2\n\
         sizes_sum 3.25\nsizes_count 2\n\
         # TYPE s_z gauge\ns_z 1e-9\n"
    );
    let open = shown(&registry, Format::OpenMetrics);
    for part in [
        "# HELP orders Orders: \\\\ \\\"all\\\"\\nof them\n# TYPE orders counter\norders_total{shop=\"a \\\"b\\\" \\\\ \\n\"} 2 # {trace_id=\"abc\"} 2 ",
        "# TYPE plain counter\nplain_total 1.5\n",
        "sizes_bucket{le=\"1\"} 1 # {trace_id=\"t1\"} 0.25 ",
        "sizes_bucket{le=\"+Inf\"} 2\n",
        "s_z 1e-9\n# EOF\n",
    ] {
        assert!(open.contains(part), "{part}\n{open}");
    }
}

#[test]
fn quantiles_keep_their_errors_in_little_memory() {
    let objectives = [(0.5, 0.05), (0.9, 0.01), (0.99, 0.001)];
    let objectives = objectives.map(|(quantile, error)| Objective { quantile, error });
    let count = 20_000;
    // Each number once: in order, backwards, and scattered.
    for step in [1, count - 1, 7919] {
        let mut stream = Stream::new(&objectives);
        for place in 1..=count {
            stream.insert(f64::from(place * step % count));
        }
        for Objective { quantile, error } in objectives {
            let (found, wanted) = (stream.query(quantile).unwrap(), quantile * f64::from(count));
            // A rank is a whole number.
            let allowed = error * f64::from(count) + 1.0;
            assert!((found - wanted).abs() <= allowed, "{step}: {quantile} is {found}, not {wanted} ± {allowed}");
        }
        assert!(stream.size() < 1500, "{step}: {} entries", stream.size());
    }
    assert_eq!(Stream::new(&objectives).query(0.5), None);
}

#[test]
fn a_summary_forgets_what_is_old_but_for_its_count() {
    let begin = Instant::now();
    let mut summary = Summary::new(&[Objective { quantile: 0.5, error: 0.01 }], begin);
    let after = |minutes: u64| begin + Duration::from_mins(minutes);
    let median = |summary: &mut Summary, now| match summary.value(now) {
        Value::Summary { quantiles, sum, count } => (quantiles[0].1, sum, count),
        other => panic!("{other:?}"),
    };
    (0..10).for_each(|_| summary.observe(1.0, after(0)));
    assert_eq!(median(&mut summary, after(1)), (1.0, 10.0, 10));
    (0..10).for_each(|_| summary.observe(5.0, after(7)));
    assert_eq!(median(&mut summary, after(11)).0, 5.0, "the first ones are too old");
    let (median, sum, count) = median(&mut summary, after(40));
    assert!(median.is_nan(), "{median}");
    assert_eq!((sum, count), (60.0, 20));
}
