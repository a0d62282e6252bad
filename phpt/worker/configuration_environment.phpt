--TEST--
Worker: waitRequest(): RR_CONFIG names the configuration
--EXTENSIONS--
roadrunner
--ENV--
RR_CONFIG={PWD}/unknown_key.yaml
--FILE--
<?php
require __DIR__ . '/wait.inc';
putenv('RR_CONFIG=' . __DIR__ . '/of_putenv.yaml');
require __DIR__ . '/wait.inc';
?>
--EXPECTF--
RoadRunner\Exception\ServerException: %sunknown_key.yaml is not a valid configuration:
  line 5: http.pool.num_worker is not a known key; did you mean http.pool.num_workers?
  line 6: logging is not a known key; did you mean logs?
the script goes on
RoadRunner\Exception\ServerException: cannot read the configuration %sof_putenv.yaml: No such file or directory (os error 2)
the script goes on
