--TEST--
Worker: waitRequest(): roadrunner.config comes before RR_CONFIG, which comes before .rr.yaml
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../process.inc';

$directory = sys_get_temp_dir() . '/rr-phpt-' . getmypid();
mkdir($directory);
file_put_contents("$directory/.rr.yaml", "default: 1\n");
file_put_contents("$directory/environment.yaml", "environment: 1\n");
file_put_contents("$directory/setting.yaml", "setting: 1\n");
$script = __DIR__ . '/wait.inc';
php([$script], [], $directory);
php([$script], ['RR_CONFIG' => ''], $directory);
php([$script], ['RR_CONFIG' => 'environment.yaml'], $directory);
php(['-d', 'roadrunner.config=', $script], ['RR_CONFIG' => 'environment.yaml'], $directory);
php(['-d', 'roadrunner.config=setting.yaml', $script], ['RR_CONFIG' => 'environment.yaml'], $directory);
array_map(unlink(...), ["$directory/.rr.yaml", "$directory/environment.yaml", "$directory/setting.yaml"]);
rmdir($directory);
?>
--EXPECT--
RoadRunner\Exception\ServerException: .rr.yaml is not a valid configuration:
  line 1: default is not a known key; known here: version, include, envfile, server, endure, shutdown, slow_log, http, fileserver, rpc, metrics, status, …
the script goes on
status 0
RoadRunner\Exception\ServerException: .rr.yaml is not a valid configuration:
  line 1: default is not a known key; known here: version, include, envfile, server, endure, shutdown, slow_log, http, fileserver, rpc, metrics, status, …
the script goes on
status 0
RoadRunner\Exception\ServerException: environment.yaml is not a valid configuration:
  line 1: environment is not a known key; did you mean envfile?
the script goes on
status 0
RoadRunner\Exception\ServerException: environment.yaml is not a valid configuration:
  line 1: environment is not a known key; did you mean envfile?
the script goes on
status 0
RoadRunner\Exception\ServerException: setting.yaml is not a valid configuration:
  line 1: setting is not a known key; known here: version, include, envfile, server, endure, shutdown, slow_log, http, fileserver, rpc, metrics, status, …
the script goes on
status 0
