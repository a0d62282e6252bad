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
RoadRunner\Exception\ServerException: .rr.yaml is not a valid configuration:
  override 1: http.internal_error_code is 2, but must be a whole number from 400 to 599
the script goes on
status 0
RoadRunner\Exception\ServerException: .rr.yaml is not a valid configuration:
  override 2: http.pool is 3, but must be a section of keys
  override 3: sever is not a known key; did you mean server?
  override 4: "nothing" has no "=", but must be <section>.<key>=<value>
the script goes on
status 0
RoadRunner\Exception\ServerException: .rr.yaml is not a valid configuration:
  override 2: http.adress is not a known key; did you mean http.address?
the script goes on
status 0
RoadRunner\Exception\ServerException: what the overrides say is not a valid configuration:
  override 1: http.internal_error_code is "many", but must be a whole number from 400 to 599
the script goes on
status 0
