--TEST--
Http: Request::create(): takes every kind of request, arguments by name too
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Http\Request;

foreach (['GET', 'get', 'X-MY_METHOD', "!#$%&'*+-.^_`|~1"] as $method) {
    report('method', fn () => Request::create($method, '/')->method);
}
foreach (['127.0.0.1', '::1', '2001:DB8:0:0::1', '::ffff:192.0.2.1', '0.0.0.0'] as $address) {
    report($address, fn () => Request::create('GET', '/', [], '', $address)->remoteAddress);
}
report('defaults', function () {
    $request = Request::create('GET', '/');
    return [$request->headers(), $request->body(), $request->remoteAddress, $request->remotePort, $request->isAborted()];
});
report('by name', function () {
    $request = Request::create(remoteAddress: '::2', uri: '/', method: 'PUT');
    return [$request->method, $request->body(), $request->remoteAddress];
});
report('many lines', fn () => count(Request::create('GET', '/', ['a' => range(1, 100_000)])->headers()['a']));
report('ids', fn () => count(array_unique(array_map(fn () => Request::create('GET', '/')->id, range(1, 1000)))));
report('memory', function () {
    $round = fn () => (array) Request::create('POST', '/?a=b', ['a' => 'b', 'cookie' => 'c=d'], str_repeat('x', 10_000));
    $round();
    $before = memory_get_usage();
    for ($i = 0; $i < 10_000; $i++) {
        $round();
    }
    return memory_get_usage() - $before;
});
?>
--EXPECT--
method => "GET"
method => "get"
method => "X-MY_METHOD"
method => "!#$%&'*+-.^_`|~1"
127.0.0.1 => "127.0.0.1"
::1 => "::1"
2001:DB8:0:0::1 => "2001:db8::1"
::ffff:192.0.2.1 => "192.0.2.1"
0.0.0.0 => "0.0.0.0"
defaults => [[],"","127.0.0.1",0,false]
by name => ["PUT","","::2"]
many lines => 100000
ids => 1000
memory => 0
