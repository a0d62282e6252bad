--TEST--
Environment: mode(): RR_MODE wins; a worker of another server without it has none
--EXTENSIONS--
roadrunner
--ENV--
RR_MODE=jobs
--FILE--
<?php
use RoadRunner\Environment;

var_dump(Environment::mode(), getenv('RR_MODE'));
putenv('RR_MODE=grpc');
var_dump(Environment::mode());
putenv('RR_MODE=');
var_dump(Environment::mode());
putenv('RR_MODE');
var_dump(Environment::mode());
putenv('RR_RELAY=pipes');
var_dump(Environment::mode());
putenv('RR_MODE=http');
var_dump(Environment::mode());
?>
--EXPECT--
string(4) "jobs"
string(4) "jobs"
string(4) "grpc"
string(4) "http"
string(4) "http"
NULL
string(4) "http"
