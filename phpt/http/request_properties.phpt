--TEST--
Http: Request: properties are read, tested and shown
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Http\Request;

$before = microtime(true);
$request = Request::create('PUT', 'http://example.com:81/a%20b?x=1', [], 'body', '192.0.2.7');
foreach (['method', 'uri', 'path', 'queryString', 'protocol', 'scheme', 'host', 'remoteAddress', 'remotePort'] as $name) {
    report($name, fn () => $request->$name);
}
var_dump(preg_match('/^[0-9a-f]{32}$/D', $request->id), $request->id === $request->id);
var_dump($request->id !== Request::create('GET', '/')->id);
var_dump($request->startedAt >= $before - 1 && $request->startedAt <= microtime(true) + 1, is_float($request->startedAt));

echo "\n";
$request = Request::create('GET', '/');
report('isset', fn () => [isset($request->method), isset($request->queryString), isset($request->remotePort), isset($request->nope)]);
report('empty', fn () => [empty($request->method), empty($request->queryString), empty($request->remotePort), empty($request->nope)]);
report('??', fn () => [$request->method ?? 'default', $request->nope ?? 'default']);
report('??= of a known one', fn () => $request->method ??= 'POST');
report('property_exists', fn () => [property_exists($request, 'method'), property_exists($request, 'nope')]);
report('array_column', fn () => array_column([$request], 'method'));
report('in a string', fn () => "{$request->method} $request->path");
report('reflection', fn () => (new ReflectionProperty($request, 'method'))->getValue($request));
report('initialized', fn () => (new ReflectionProperty($request, 'method'))->isInitialized($request));
var_dump($request->nope);
var_dump($request->Method ?? 'case matters');
?>
--EXPECTF--
method => "PUT"
uri => "http://example.com:81/a%20b?x=1"
path => "/a%20b"
queryString => "x=1"
protocol => "HTTP/1.1"
scheme => "http"
host => "example.com:81"
remoteAddress => "192.0.2.7"
remotePort => 0
int(1)
bool(true)
bool(true)
bool(true)
bool(true)

isset => [true,true,true,false]
empty => [false,true,true,true]
?? => ["GET","default"]
??= of a known one => "GET"
property_exists => [true,false]
array_column => ["GET"]
in a string => "GET /"
reflection => "GET"
initialized => true

Warning: Undefined property: RoadRunner\Http\Request::$nope in %s on line %d
NULL
string(12) "case matters"
