--TEST--
Worker: waitRequest(): says why a configuration cannot be read
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

$file = sys_get_temp_dir() . '/rr-phpt-' . getmypid() . '.yaml';
$wait = fn () => (new RoadRunner\Worker())->waitRequest();

putenv("RR_CONFIG=$file");
report('missing', $wait);
putenv('RR_CONFIG=' . sys_get_temp_dir());
report('directory', $wait);
putenv("RR_CONFIG=$file");
foreach (['not UTF-8' => "a: \xff", 'not YAML' => 'http: [', 'no section' => '- 1', 'too long' => str_repeat('#', 2_000_000),
    'NUL in a key' => "\"a\\0b\": 1\n", 'NUL in a value' => "logs: {level: \"a\\0b\"}\n", 'values' => "http: {address: 1, pool: {num_workers: -1}}"] as $what => $text) {
    file_put_contents($file, $text);
    report($what, $wait);
}
unlink($file);
?>
--EXPECTF--
missing => RoadRunner\Exception\ServerException: cannot read the configuration %s.yaml: No such file or directory (os error 2)
directory => RoadRunner\Exception\ServerException: cannot read the configuration %s: Is a directory (os error 21)
not UTF-8 => RoadRunner\Exception\ServerException: cannot read the configuration %s.yaml: it is not UTF-8, byte 3 is invalid
not YAML => RoadRunner\Exception\ServerException: %s.yaml is not a valid configuration:
  line %d: is not valid YAML: %s
no section => RoadRunner\Exception\ServerException: %s.yaml is not a valid configuration:
  line 1: the file is a list, but must be a section of keys
too long => RoadRunner\Exception\ServerException: cannot read the configuration %s.yaml: it has 2000000 bytes, more than the 1048576 allowed
NUL in a key => RoadRunner\Exception\ServerException: %s.yaml is not a valid configuration:
  line 1: a\0b is not a known key; known here: version, include, envfile, server, endure, shutdown, slow_log, http, fileserver, rpc, metrics, status, …
NUL in a value => RoadRunner\Exception\ServerException: %s.yaml is not a valid configuration:
  line 1: logs.level is "a\0b", but must be one of debug, info, warn, warning, error, panic
values => RoadRunner\Exception\ServerException: %s.yaml is not a valid configuration:
  line 1: http.address is 1, but must be host:port, :port, [v6]:port or unix:/path
  line 1: http.pool.num_workers is -1, but must be a whole number from 0 to 500
