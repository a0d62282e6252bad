--TEST--
Worker: waitRequest(): code that is no file cannot be run by workers
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../process.inc';

$code = 'require ' . var_export(__DIR__ . '/wait.inc', true) . ';';
echo "-r\n";
php(['-r', $code]);
echo "standard input\n";
$process = proc_open(php_command([]), [['pipe', 'r'], ['pipe', 'w'], ['redirect', 1]], $pipes, '/');
fwrite($pipes[0], "<?php $code");
fclose($pipes[0]);
echo stream_get_contents($pipes[1]);
echo 'status ', proc_close($process), "\n";
?>
--EXPECT--
-r
RoadRunner\Exception\ServerException: the worker script must be a file, so that every worker can run it
the script goes on
status 0
standard input
RoadRunner\Exception\ServerException: the worker script must be a file, so that every worker can run it
the script goes on
status 0
