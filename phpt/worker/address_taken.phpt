--TEST--
Worker: waitRequest(): an address that is taken is an error, and the script goes on as before
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

$taken = stream_socket_server('tcp://127.0.0.1:0');
$file = sys_get_temp_dir() . '/rr-phpt-' . getmypid() . '.yaml';
file_put_contents($file, 'http: {address: "' . stream_socket_get_name($taken, false) . '"}');
putenv("RR_CONFIG=$file");

$worker = new RoadRunner\Worker();
report('first', fn () => $worker->waitRequest());
report('second', fn () => $worker->waitRequest());
unlink($file);

report('no worker', fn () => [RoadRunner\Environment::isWorker(), RoadRunner\Environment::workerName()]);
report('error log', function () {
    ini_set('display_errors', '0');
    return error_log("logged as before\n", 3, 'php://output');
});
// A child inherits the signals that are blocked; this one must hear that it is to end.
$child = proc_open(['sleep', '60'], [], $pipes);
proc_terminate($child);
for ($tries = 0; $tries < 100 && ($status = proc_get_status($child))['running']; $tries++) {
    usleep(50_000);
}
report('child', fn () => [$status['running'], $status['termsig'] === 15]);
proc_terminate($child, 9);
exit(3);
?>
--EXPECTF--
first => RoadRunner\Exception\ServerException: cannot listen on 127.0.0.1:%d: Address already in use (os error 98)
second => RoadRunner\Exception\ServerException: cannot listen on 127.0.0.1:%d: Address already in use (os error 98)
no worker => [false,null]
logged as before
error log => true
child => [false,true]
