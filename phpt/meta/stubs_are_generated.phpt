--TEST--
Meta: what is generated from php-src-stubs is up to date and valid PHP
--EXTENSIONS--
roadrunner
--FILE--
<?php
$root = dirname(__DIR__, 2);
foreach ([["$root/scripts/gen-stubs.php", '--check'], ['-l', "$root/stubs/roadrunner.php"]] as $arguments) {
    $process = proc_open([getenv('TEST_PHP_EXECUTABLE'), '-n', ...$arguments], [1 => ['pipe', 'w'], ['redirect', 1]], $pipes);
    echo trim(stream_get_contents($pipes[1]));
    echo ' status ', proc_close($process), "\n";
}
?>
--EXPECTF--
 status 0
No syntax errors detected in %sstubs%eroadrunner.php status 0
