--TEST--
Worker: waitRequest(): names all problems of the file of roadrunner.config: key, line, nearest key
--EXTENSIONS--
roadrunner
--INI--
roadrunner.config={PWD}/unknown_key.yaml
--FILE--
<?php
require __DIR__ . '/wait.inc';
?>
--EXPECTF--
RoadRunner\Exception\ServerException: %sunknown_key.yaml is not a valid configuration:
  line 5: http.pool.num_worker is not a known key; did you mean http.pool.num_workers?
  line 6: logging is not a known key; did you mean logs?
the script goes on
