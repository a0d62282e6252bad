--TEST--
Meta: phpinfo() has the version and the settings
--EXTENSIONS--
roadrunner
--FILE--
<?php
ob_start();
phpinfo(INFO_MODULES);
preg_match('/^roadrunner\n\n(.*?)\n\n\n/ms', ob_get_clean() . "\n\n\n", $found);
echo strtok($found[1], "\n"), "\n";
var_dump(str_contains($found[1], RoadRunner\Environment::version()), phpversion('roadrunner') === RoadRunner\Environment::version());
?>
--EXPECTF--
RoadRunner => %d.%d.%d%S
bool(true)
bool(true)
