--TEST--
Environment: version() is that of the extension
--EXTENSIONS--
roadrunner
--FILE--
<?php
var_dump(RoadRunner\Environment::version() === phpversion('roadrunner'));
var_dump(preg_match('/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/D', RoadRunner\Environment::version()));
?>
--EXPECT--
bool(true)
int(1)
