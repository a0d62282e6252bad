--TEST--
Worker: waitRequest(): values name variables of the environment and of the file of DOTENV_PATH
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../process.inc';

$directory = sys_get_temp_dir() . '/rr-phpt-' . getmypid();
mkdir($directory);
file_put_contents("$directory/.rr.yaml", 'http: {internal_error_code: "$CODE", pool: {num_workers: "$WORKERS"}}');
file_put_contents("$directory/app.env", "CODE=dotenv\nWORKERS=dotenv\n");
php([__DIR__ . '/wait.inc'], ['DOTENV_PATH' => 'app.env', 'CODE' => 'environment'], $directory);
php([__DIR__ . '/wait.inc'], ['DOTENV_PATH' => 'missing.env'], $directory);
array_map(unlink(...), ["$directory/.rr.yaml", "$directory/app.env"]);
rmdir($directory);
?>
--EXPECT--
RoadRunner\Exception\ServerException: .rr.yaml is not a valid configuration:
  line 1: http.internal_error_code is "environment", but must be a whole number from 400 to 599
  line 1: http.pool.num_workers is "dotenv", but must be a whole number from 0 to 500
the script goes on
status 0
RoadRunner\Exception\ServerException: cannot read the configuration missing.env: No such file or directory (os error 2)
the script goes on
status 0
