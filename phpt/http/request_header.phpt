--TEST--
Http: Request::header(): one value by name in any case, several lines joined
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Http\Request;

$request = Request::create('GET', '/', [
    'X-One' => 'a',
    'x-several' => ['a', 'b, c', ''],
    'X-Mixed' => 'first',
    'x-mixed' => ['second'],
    'Cookie' => ['a=1', 'b=2; c=3'],
    'x-number' => -5,
    'x-numbers' => [1, 2],
    'x-empty' => '',
    'x-none' => [],
    'x-bytes' => "caf\xc3\xa9 \xff",
]);
foreach (['X-One', 'x-one', 'X-ONE', 'x-several', 'x-mixed', 'cookie', 'x-number', 'x-numbers', 'x-empty', 'x-none'] as $name) {
    report($name, fn () => $request->header($name));
}
report('bytes', fn () => bin2hex($request->header('x-bytes')));
report('missing', fn () => $request->header('x-missing'));
report('missing, default', fn () => $request->header('x-missing', 'default'));
report('missing, null', fn () => $request->header('x-missing', null));
report('there, default', fn () => $request->header('x-empty', 'default'));
report('named', fn () => $request->header(default: 'default', name: 'nope'));
foreach (['', 'no name', "x-one\n", "\0", 'ü', str_repeat('x', 70000)] as $name) {
    report('no name at all', fn () => $request->header($name, 'default'));
}
report('default of another type', fn () => $request->header('x-one', []));
report('no name', fn () => $request->header());
?>
--EXPECT--
X-One => "a"
x-one => "a"
X-ONE => "a"
x-several => "a, b, c, "
x-mixed => "first, second"
cookie => "a=1; b=2; c=3"
x-number => "-5"
x-numbers => "1, 2"
x-empty => ""
x-none => null
bytes => "636166c3a920ff"
missing => null
missing, default => "default"
missing, null => null
there, default => ""
named => "default"
no name at all => "default"
no name at all => "default"
no name at all => "default"
no name at all => "default"
no name at all => "default"
no name at all => "default"
default of another type => TypeError: RoadRunner\Http\Request::header(): Argument #2 ($default) must be of type ?string, array given
no name => ArgumentCountError: RoadRunner\Http\Request::header() expects at least 1 argument, 0 given
