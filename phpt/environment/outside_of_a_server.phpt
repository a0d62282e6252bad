--TEST--
Environment: a plain script is no worker, its mode is that of the server it would start
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Environment;

report('mode', fn () => Environment::mode());
report('isWorker', fn () => Environment::isWorker());
report('workerName', fn () => Environment::workerName());
report('workerNumber', fn () => Environment::workerNumber());
report('pool', fn () => Environment::pool());
report('argument', fn () => Environment::mode(1));
?>
--EXPECT--
mode => "http"
isWorker => false
workerName => null
workerNumber => null
pool => null
argument => ArgumentCountError: RoadRunner\Environment::mode() expects exactly 0 arguments, 1 given
