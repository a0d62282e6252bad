--TEST--
Environment: there are no objects of it
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Environment;

report('new', fn () => new Environment());
report('unserialize', fn () => unserialize('O:22:"RoadRunner\Environment":0:{}'));
eval('class Mine extends RoadRunner\Environment {}');
?>
--EXPECTF--
new => Error: Call to private RoadRunner\Environment::__construct() from global scope
unserialize => Exception: Unserialization of 'RoadRunner\Environment' is not allowed

Fatal error: Class Mine cannot extend final class RoadRunner\Environment in %s on line %d
