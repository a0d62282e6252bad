--TEST--
Worker: a process forked from a plain script is a plain script
--EXTENSIONS--
roadrunner
--SKIPIF--
<?php
if (!extension_loaded('pcntl')) {
    die('skip needs pcntl');
}
?>
--FILE--
<?php
require __DIR__ . '/../report.inc';

putenv('RR_CONFIG=' . __DIR__ . '/of_nobody.yaml');
$child = pcntl_fork();
if ($child === 0) {
    report('child', fn () => (new RoadRunner\Worker())->waitRequest());
    report('child', fn () => RoadRunner\Environment::isWorker());
    exit(7);
}
pcntl_waitpid($child, $status);
report('status', fn () => pcntl_wexitstatus($status));
report('parent', fn () => (new RoadRunner\Worker())->isStopping());
?>
--EXPECTF--
child => RoadRunner\Exception\ServerException: cannot read the configuration %sof_nobody.yaml: %s
child => false
status => 7
parent => false
