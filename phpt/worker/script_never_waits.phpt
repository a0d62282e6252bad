--TEST--
Worker: waitRequest(): a script whose workers never wait is an error
--EXTENSIONS--
roadrunner
--FILE--
<?php
if (RoadRunner\Environment::isWorker()) {
    exit(1);
}
require __DIR__ . '/../report.inc';

$file = sys_get_temp_dir() . '/rr-phpt-' . getmypid() . '.yaml';
file_put_contents($file, '{http: {address: "127.0.0.1:0", pool: {num_workers: 1}}, logs: {level: error}}');
putenv("RR_CONFIG=$file");
report('wait', fn () => (new RoadRunner\Worker())->waitRequest());
unlink($file);
report('goes on', fn () => RoadRunner\Environment::isWorker());
?>
--EXPECTF--
%Await => RoadRunner\Exception\ServerException: the worker script never came to wait for a request: see the log entries above
goes on => false
