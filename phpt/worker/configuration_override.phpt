--TEST--
Worker: waitRequest(): roadrunner.override lays keys over those of the file, and names its errors by number
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../process.inc';

$directory = sys_get_temp_dir() . '/rr-phpt-' . getmypid();
mkdir($directory);
file_put_contents("$directory/.rr.yaml", "http: {internal_error_code: 1}\n");
$script = __DIR__ . '/wait.inc';
php(['-d', 'roadrunner.override="http.internal_error_code=2"', $script], [], $directory);
php(['-d', 'roadrunner.override="http.internal_error_code=500;http.pool=3; sever.command=a;nothing"', $script], [], $directory);
php(['-d', "roadrunner.override=\"http.internal_error_code=500\nhttp.adress=a;b\"", $script], [], $directory);
unlink("$directory/.rr.yaml");
php(['-d', 'roadrunner.override="http.internal_error_code=${CODE}"', $script], ['CODE' => 'many'], $directory);
rmdir($directory);
?>
--EXPECT--
