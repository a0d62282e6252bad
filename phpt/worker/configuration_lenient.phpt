--TEST--
Worker: waitRequest(): roadrunner.lenient warns of keys that are not supported; unknown ones stay errors
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../process.inc';

$directory = sys_get_temp_dir() . '/rr-phpt-' . getmypid();
mkdir($directory);
file_put_contents("$directory/.rr.yaml", "grpc: {listen: 'tcp://:1'}\nreload: {interval: 1s}\nserver: {relay: pipes}\n");
$script = __DIR__ . '/wait.inc';
php([$script], [], $directory);
php(['-d', 'roadrunner.lenient=0', $script], [], $directory);
// A wrong key keeps the server from starting.
php(['-d', 'roadrunner.lenient=1', '-d', 'roadrunner.override="zzz=1"', $script], [], $directory);
unlink("$directory/.rr.yaml");
rmdir($directory);
?>
--EXPECT--
