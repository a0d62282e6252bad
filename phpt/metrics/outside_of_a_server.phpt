--TEST--
Metrics: outside of a server everything is checked and nothing is shown
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Metrics;

$counter = Metrics::counter('orders_total', 'Orders', ['shop']);
$gauge = Metrics::gauge('level');
$histogram = Metrics::histogram('size', 'Sizes', ['a', 'b'], [1, 2.5]);
$summary = Metrics::summary('time', '', [], ['0.5' => 0.05, '0.99' => 0.001]);
foreach ([$counter, $gauge, $histogram, $summary] as $metric) {
    echo $metric::class, ': ', implode(', ', class_implements($metric)), "\n";
}

report('inc', fn () => $counter->inc(['eu']));
report('by name', fn () => $counter->add(2.5, ['shop' => 'eu'], 'trace'));
report('number as label', fn () => $counter->inc([7]));
report('gauge', fn () => [$gauge->set(-1), $gauge->inc(), $gauge->dec(), $gauge->add(-2.5), $gauge->sub(1)]);
report('observe', fn () => [$histogram->observe(1.5, ['b' => 'x', 'a' => 'y']), $summary->observe(3)]);
report('again', fn () => Metrics::counter('orders_total', labels: ['shop'])->inc(['eu']));

report('no labels', fn () => $counter->inc());
report('too many', fn () => $gauge->inc(['a']));
report('unknown', fn () => $counter->inc(['shop' => 'eu', 'x' => 'y']));
report('missing', fn () => $histogram->observe(1, ['a' => 'x']));
report('kind of a label', fn () => $counter->inc([1.5]));
report('bytes', fn () => $counter->inc(["\xff"]));
report('negative', fn () => $counter->add(-1, ['eu']));
report('not a number', fn () => $histogram->observe(NAN, ['a', 'b']));
report('trace', fn () => $counter->inc(['eu'], ''));
report('another type', fn () => Metrics::gauge('orders_total', labels: ['shop']));
report('other labels', fn () => Metrics::counter('orders_total'));
report('other buckets', fn () => Metrics::histogram('size', '', ['a', 'b'], [1]));
report('name', fn () => Metrics::counter('a b'));
report('label', fn () => Metrics::counter('a', '', ['le-gume']));
report('own label', fn () => Metrics::histogram('a', '', ['le']));
report('label of another kind', fn () => Metrics::counter('a', '', [1.5]));
report('buckets', fn () => Metrics::histogram('a', '', [], [2, 1]));
report('bucket', fn () => Metrics::histogram('a', '', [], ['1']));
report('quantile', fn () => Metrics::summary('a', '', [], ['half' => 0.1]));
report('objective', fn () => Metrics::summary('a', '', [], ['1.5' => 0.1]));

report('unregister', fn () => [Metrics::unregister('level'), Metrics::unregister('level')]);
report('gone', fn () => $gauge->set(1));
report('new', fn () => new Metrics\Counter());
report('without', fn () => (new ReflectionClass(Metrics\Counter::class))->newInstanceWithoutConstructor());
report('clone', fn () => clone $counter);
report('serialize', fn () => serialize($counter));

for ($i = 0; $i < 9999; $i++) {
    $histogram->observe($i, [$i, 'x']);
}
report('full', fn () => $histogram->observe(1, ['one', 'more']));
report('known', fn () => $histogram->observe(1, [9998, 'x']));
?>
--EXPECT--
RoadRunner\Metrics\Counter: RoadRunner\Metrics\CounterInterface
RoadRunner\Metrics\Gauge: RoadRunner\Metrics\GaugeInterface
RoadRunner\Metrics\Histogram: RoadRunner\Metrics\HistogramInterface
RoadRunner\Metrics\Summary: RoadRunner\Metrics\SummaryInterface
inc => null
by name => null
number as label => null
gauge => [null,null,null,null,null]
observe => [null,null]
again => null
no labels => ValueError: metric "orders_total" has the labels shop; values given: 0
too many => ValueError: metric "level" has no labels; values given: 1
unknown => ValueError: metric "orders_total" has no label "x"
missing => ValueError: metric "size" has the label "b", which is missing
kind of a label => TypeError: The value of a label must be a string or an int, float given
bytes => ValueError: The value of a label must be UTF-8
negative => ValueError: metric "orders_total" cannot take -1: a counter grows by a number, not less than 0
not a number => ValueError: metric "size" cannot take NaN: what is observed is a number
trace => ValueError: the trace of an example for metric "orders_total" must have 1 to 120 characters
another type => RoadRunner\Exception\LogicException: metric "orders_total" cannot be declared as a gauge by shop: it is a counter by shop already
other labels => RoadRunner\Exception\LogicException: metric "orders_total" cannot be declared as a counter: it is a counter by shop already
other buckets => RoadRunner\Exception\LogicException: metric "size" cannot be declared as a histogram with buckets [1.0] by a, b: it is a histogram with buckets [1.0, 2.5] by a, b already
name => ValueError: "a b" is not the name of a metric: it must have letters, digits, _ and : only, and begin with no digit
label => ValueError: metric "a" cannot have the label "le-gume": it must have letters, digits and _ only, and begin with no digit
own label => ValueError: metric "a" cannot have the label "le": the type of this metric has it by itself
label of another kind => TypeError: The name of a label must be a string or an int, float given
buckets => ValueError: buckets must be numbers that grow, not [2.0, 1.0]
bucket => TypeError: A bucket must be a number, string given
quantile => ValueError: A quantile must be a number as text, not "half"
objective => ValueError: objectives are quantiles and their errors, each from 0 to 1, not 1.5: 0.1
unregister => [true,false]
gone => RoadRunner\Exception\LogicException: metric "level" was unregistered
new => Error: Call to private RoadRunner\Metrics\Counter::__construct() from global scope
without => ReflectionException: Class RoadRunner\Metrics\Counter is an internal class marked as final that cannot be instantiated without invoking its constructor
clone => Error: Trying to clone an uncloneable object of class RoadRunner\Metrics\Counter
serialize => Exception: Serialization of 'RoadRunner\Metrics\Counter' is not allowed
full => RoadRunner\Exception\LogicException: metric "size" has 10000 series already, which is as many as it may (metrics.max_series): a label has too many values
known => null
