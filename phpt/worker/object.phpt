--TEST--
Worker: an object without state, as often as wanted, but not serialized or with properties
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Worker;
use RoadRunner\WorkerInterface;

$worker = new Worker();
report('interface', fn () => [$worker instanceof WorkerInterface, class_implements($worker)]);
report('another', fn () => (new Worker())->isStopping());
report('clone', fn () => (clone $worker)->isStopping());
report('property', fn () => $worker->property = 1);
report('serialize', fn () => serialize($worker));
report('unserialize', fn () => unserialize('O:17:"RoadRunner\Worker":0:{}'));
report('argument', fn () => new Worker(1));
?>
--EXPECT--
interface => [true,{"RoadRunner\\WorkerInterface":"RoadRunner\\WorkerInterface"}]
another => false
clone => false
property => Error: Cannot create dynamic property RoadRunner\Worker::$property
serialize => Exception: Serialization of 'RoadRunner\Worker' is not allowed
unserialize => Exception: Unserialization of 'RoadRunner\Worker' is not allowed
argument => ArgumentCountError: RoadRunner\Worker::__construct() expects exactly 0 arguments, 1 given
