--TEST--
Http: Request::body(): the bytes as they came
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Http\Request;

$all = implode('', array_map(chr(...), range(0, 255)));
foreach (['empty' => '', 'one byte' => 'x', 'every byte' => $all, 'long' => str_repeat($all, 20_000)] as $what => $body) {
    report($what, fn () => Request::create('POST', '/', [], $body)->body() === $body);
}
report('none given', fn () => Request::create('POST', '/')->body());
report('twice', function () {
    $request = Request::create('POST', '/', [], 'body');
    $first = $request->body();
    $first[0] = 'X';
    return [$first, $request->body()];
});
report('argument', fn () => Request::create('POST', '/')->body(1));
?>
--EXPECT--
empty => true
one byte => true
every byte => true
long => true
none given => ""
twice => ["Xody","body"]
argument => ArgumentCountError: RoadRunner\Http\Request::body() expects exactly 0 arguments, 1 given
