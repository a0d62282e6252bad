--TEST--
Http: Request::headers(): lists of values by lower-case name, in order
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Http\Request;

$headers = fn (array $headers, string $uri = '/') => fn () => Request::create('GET', $uri, $headers)->headers();
report('none', $headers([]));
report('names', $headers(['X-B' => 'b', 'X-A' => ['1', '2'], 'x-b' => 'c', 'Accept' => '*/*']));
report('host of the target', $headers([], 'http://user@example.com:81/'));
report('own host', $headers(['Host' => 'own.example'], 'http://example.com/'));
report('white space stays', $headers(['x' => ' a ']));
$value = 'by reference';
$list = ['in a list'];
$array = ['a' => &$value, 'b' => &$list];
report('references', $headers($array));
report('is a copy', function () {
    $request = Request::create('GET', '/', ['a' => 'b']);
    $headers = $request->headers();
    $headers['a'][] = 'c';
    return $request->headers();
});
report('argument', fn () => Request::create('GET', '/')->headers(1));
?>
--EXPECT--
none => []
names => {"x-b":["b","c"],"x-a":["1","2"],"accept":["*/*"]}
host of the target => {"host":["example.com:81"]}
own host => {"host":["own.example"]}
white space stays => {"x":[" a "]}
references => {"a":["by reference"],"b":["in a list"]}
is a copy => {"a":["b"]}
argument => ArgumentCountError: RoadRunner\Http\Request::headers() expects exactly 0 arguments, 1 given
