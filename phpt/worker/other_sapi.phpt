--TEST--
Worker: waitRequest(): under another SAPI it throws, and there is no mode
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../process.inc';

$directory = sys_get_temp_dir() . '/rr-phpt-' . getmypid();
mkdir($directory);
file_put_contents("$directory/index.php", '<?php
    var_dump(PHP_SAPI, RoadRunner\Environment::mode(), RoadRunner\Http\Request::create("GET", "/")->method);
    require ' . var_export(__DIR__ . '/wait.inc', true) . ';');
$process = proc_open(php_command(['-S', '127.0.0.1:0', '-t', $directory]), [1 => ['pipe', 'w'], 2 => ['pipe', 'w']], $pipes);
$log = '';
while (!preg_match('~\((http://127\.0\.0\.1:\d+)\) started~', $log, $found) && ($line = fgets($pipes[2])) !== false) {
    $log .= $line;
}
echo isset($found[1]) ? file_get_contents("$found[1]/") : $log;
proc_terminate($process);
proc_close($process);
unlink("$directory/index.php");
rmdir($directory);
?>
--EXPECT--
string(10) "cli-server"
NULL
string(3) "GET"
RoadRunner\Exception\LogicException: a server can only be started by PHP's command line (SAPI cli)
the script goes on
