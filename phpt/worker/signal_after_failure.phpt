--TEST--
Worker: waitRequest(): a script that goes on after a failed start has its own signals
--EXTENSIONS--
roadrunner
--SKIPIF--
<?php
if (!extension_loaded('pcntl') || !extension_loaded('posix')) {
    die('skip needs pcntl and posix');
}
?>
--FILE--
<?php
require __DIR__ . '/../report.inc';

$taken = stream_socket_server('tcp://127.0.0.1:0');
$file = sys_get_temp_dir() . '/rr-phpt-' . getmypid() . '.yaml';
file_put_contents($file, 'http: {address: "' . stream_socket_get_name($taken, false) . '"}');
putenv("RR_CONFIG=$file");

pcntl_async_signals(true);
pcntl_signal(SIGUSR1, function () {
    echo "handler set before\n";
});
for ($round = 0; $round < 3; $round++) {
    report('wait', fn () => (new RoadRunner\Worker())->waitRequest());
    posix_kill(posix_getpid(), SIGUSR1);
    pcntl_sigprocmask(SIG_UNBLOCK, [SIGWINCH], $blocked);
    report('blocked', fn () => $blocked);
}
pcntl_signal(SIGTERM, function () {
    echo "handler set after\n";
});
posix_kill(posix_getpid(), SIGTERM);
unlink($file);
$child = pcntl_fork();
if ($child === 0) {
    posix_kill(posix_getpid(), SIGINT);
    sleep(5);
    echo "not reached\n";
    exit;
}
pcntl_waitpid($child, $status);
report('child ended by', fn () => pcntl_wifsignaled($status) && pcntl_wtermsig($status) === SIGINT ? 'SIGINT' : $status);
?>
--EXPECTF--
wait => RoadRunner\Exception\ServerException: cannot listen on %s
handler set before
blocked => []
wait => RoadRunner\Exception\ServerException: cannot listen on %s
handler set before
blocked => []
wait => RoadRunner\Exception\ServerException: cannot listen on %s
handler set before
blocked => []
handler set after
child ended by => "SIGINT"
