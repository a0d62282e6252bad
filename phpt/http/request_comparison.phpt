--TEST--
Http: Request: an object equals itself only
--EXTENSIONS--
roadrunner
--FILE--
<?php
use RoadRunner\Http\Request;

[$one, $other] = [Request::create('GET', '/'), Request::create('GET', '/')];
$same = $one;
var_dump($one == $same, $one === $same, $one == $other, $one === $other, $one != $other);
var_dump($one < $other, $one > $other, in_array($one, [$other]), in_array($one, [$other, $same]));
var_dump($one == null, $one == 1.5 || $one == 'x' || $one == []);
?>
--EXPECT--
bool(true)
bool(true)
bool(false)
bool(false)
bool(true)
bool(false)
bool(false)
bool(false)
bool(true)
bool(false)
bool(false)
