--TEST--
Meta: settings belong to the system, and a script cannot change them
--EXTENSIONS--
roadrunner
--INI--
roadrunner.thread_runs=5
--FILE--
<?php
foreach (ini_get_all('roadrunner') as $name => ['global_value' => $value, 'access' => $access]) {
    var_dump($name, $value, $access === INI_SYSTEM, ini_set($name, '1'), ini_get($name) === $value);
}
?>
--EXPECT--
string(21) "roadrunner.allow_root"
string(1) "0"
bool(true)
bool(false)
bool(true)
string(17) "roadrunner.config"
string(0) ""
bool(true)
bool(false)
bool(true)
string(18) "roadrunner.lenient"
string(1) "0"
bool(true)
bool(false)
bool(true)
string(19) "roadrunner.override"
string(0) ""
bool(true)
bool(false)
bool(true)
string(22) "roadrunner.thread_runs"
string(1) "5"
bool(true)
bool(false)
bool(true)
