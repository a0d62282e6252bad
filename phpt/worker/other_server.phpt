--TEST--
Worker: waitRequest(): in a worker of another server (RR_RELAY) it throws
--EXTENSIONS--
roadrunner
--ENV--
RR_RELAY=pipes
--FILE--
<?php
require __DIR__ . '/wait.inc';
putenv('RR_RELAY');
putenv('RR_CONFIG=' . __DIR__ . '/unknown_key.yaml');
require __DIR__ . '/wait.inc';
?>
--EXPECTF--
RoadRunner\Exception\LogicException: RR_RELAY is set: this process is a worker of another server, which waits for requests by its own means
the script goes on
RoadRunner\Exception\ServerException: %a
the script goes on
