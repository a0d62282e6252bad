--TEST--
Http: Request: cannot be made by new, cloned, serialized or extended
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Http\Request;

$request = Request::create('GET', '/');
report('new', fn () => new Request());
report('reflection', fn () => (new ReflectionClass(Request::class))->newInstance());
report('without constructor', fn () => (new ReflectionClass(Request::class))->newInstanceWithoutConstructor());
report('lazy ghost', fn () => method_exists(ReflectionClass::class, 'newLazyGhost')
    ? (new ReflectionClass(Request::class))->newLazyGhost(fn () => null)
    : throw new Error('none'));
report('clone', fn () => clone $request);
report('serialize', fn () => serialize($request));
report('unserialize', fn () => unserialize('O:23:"RoadRunner\Http\Request":0:{}'));
report('unserialize as custom', fn () => @unserialize('C:23:"RoadRunner\Http\Request":0:{}'));
report('constructor again', fn () => (new ReflectionMethod($request, '__construct'))->invoke($request) ?? $request->method);
report('weak map', function () {
    $map = new WeakMap();
    $map[Request::create('GET', '/')] = 1;
    return count($map);
});
report('cycle', function () {
    $holder = new stdClass();
    $holder->self = $holder;
    $holder->request = Request::create('GET', '/', [], 'x');
    $reference = WeakReference::create($holder->request);
    unset($holder);
    gc_collect_cycles();
    return $reference->get();
});
eval('class Mine extends RoadRunner\Http\Request {}');
?>
--EXPECTF--
new => Error: Call to private RoadRunner\Http\Request::__construct() from global scope
reflection => ReflectionException: Access to non-public constructor of class RoadRunner\Http\Request
without constructor => ReflectionException: Class RoadRunner\Http\Request is an internal class marked as final that cannot be instantiated without invoking its constructor
lazy ghost => Error: %s
clone => Error: Trying to clone an uncloneable object of class RoadRunner\Http\Request
serialize => Exception: Serialization of 'RoadRunner\Http\Request' is not allowed
unserialize => Exception: Unserialization of 'RoadRunner\Http\Request' is not allowed
unserialize as custom => Exception: Unserialization of 'RoadRunner\Http\Request' is not allowed
constructor again => "GET"
weak map => 0
cycle => null

Fatal error: Class Mine cannot extend final class RoadRunner\Http\Request in %s on line %d
