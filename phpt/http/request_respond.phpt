--TEST--
Http: Request::respond(): nobody waits for an answer to a created request
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Http\Request;

$request = Request::create('GET', '/');
report('respond', fn () => $request->respond(200));
report('again', fn () => $request->respond(200, ['json'], ['x-a' => 'b']));
report('status', fn () => $request->respond(99));
report('status', fn () => $request->respond(600));
report('header', fn () => $request->respond(200, '', ['a b' => 'c']));
report('body', fn () => $request->respond(200, 1.5));
report('aborted', fn () => $request->isAborted());
report('read afterwards', fn () => $request->method);
?>
--EXPECT--
respond => RoadRunner\Exception\LogicException: nobody waits for an answer: the request was made by Request::create()
again => RoadRunner\Exception\LogicException: nobody waits for an answer: the request was made by Request::create()
status => ValueError: The status must be from 200 to 599, 99 given
status => ValueError: The status must be from 200 to 599, 600 given
header => ValueError: "a b" is not a header name
body => TypeError: The body must be a string, an array, a Traversable, a stream, a Stringable, a JsonSerializable, a stdClass or null, float given
aborted => false
read afterwards => "GET"
