--TEST--
Worker: waitRequest(): roadrunner.thread_runs must be a whole number
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../process.inc';

foreach (['many', '-1', '1.5', '99999999999999999999'] as $value) {
    php(['-d', "roadrunner.thread_runs=$value", __DIR__ . '/wait.inc']);
}
?>
--EXPECT--
RoadRunner\Exception\ServerException: roadrunner.thread_runs is "many", but must be a whole number, 0 for no limit
the script goes on
status 0
RoadRunner\Exception\ServerException: roadrunner.thread_runs is "-1", but must be a whole number, 0 for no limit
the script goes on
status 0
RoadRunner\Exception\ServerException: roadrunner.thread_runs is "1.5", but must be a whole number, 0 for no limit
the script goes on
status 0
RoadRunner\Exception\ServerException: roadrunner.thread_runs is "99999999999999999999", but must be a whole number, 0 for no limit
the script goes on
status 0
