--TEST--
Worker: stop() throws outside of a worker, isStopping() is false
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

$worker = new RoadRunner\Worker();
report('isStopping', fn () => $worker->isStopping());
report('stop', fn () => $worker->stop());
report('isStopping', fn () => $worker->isStopping());
?>
--EXPECT--
isStopping => false
stop => RoadRunner\Exception\LogicException: this is not a worker of the server
isStopping => false
