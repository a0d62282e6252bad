--TEST--
Http: Request: nothing can be written, removed or added, by no way
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Http\Request;

$request = Request::create('GET', '/');
report('write', fn () => $request->method = 'POST');
report('.=', fn () => $request->method .= 'X');
report('++', fn () => $request->remotePort++);
report('reference', function () use ($request) {
    $reference = &$request->method;
});
report('element', fn () => $request->method[0] = 'P');
report('append', fn () => $request->method[] = 'P');
report('argument by reference', fn () => preg_match('/a/', 'a', $request->method));
report('list', fn () => [$request->method] = ['POST']);
report('loop variable', function () use ($request) {
    foreach (['POST'] as $request->method) {
    }
});
report('reflection', fn () => (new ReflectionProperty($request, 'method'))->setValue($request, 'POST'));
report('bound closure', fn () => @Closure::bind(fn () => $this->method = 'POST', $request, Request::class) ?? 'no closure');
report('unset', function () use ($request) {
    unset($request->method);
});
report('new one', fn () => $request->nope = 1);
report('new one by element', fn () => $request->nope[] = 1);
report('new one by reference', function () use ($request) {
    $reference = &$request->nope;
});
report('new one by ??=', fn () => $request->nope ??= 1);
report('unset of none', function () use ($request) {
    unset($request->nope);
});
report('afterwards', fn () => [$request->method, $request->remotePort]);
?>
--EXPECTF--
write => Error: Cannot modify readonly property RoadRunner\Http\Request::$method
.= => Error: Cannot modify readonly property RoadRunner\Http\Request::$method
++ => Error: Cannot modify readonly property RoadRunner\Http\Request::$remotePort
reference => Error: Cannot indirectly modify readonly property RoadRunner\Http\Request::$method
element => Error: Cannot indirectly modify readonly property RoadRunner\Http\Request::$method
append => Error: Cannot indirectly modify readonly property RoadRunner\Http\Request::$method
argument by reference => Error: Cannot indirectly modify readonly property RoadRunner\Http\Request::$method
list => Error: Cannot modify readonly property RoadRunner\Http\Request::$method
loop variable => Error: Cannot modify readonly property RoadRunner\Http\Request::$method
reflection => Error: Cannot modify readonly property RoadRunner\Http\Request::$method
bound closure => "no closure"
unset => Error: Cannot unset %Sreadonly property RoadRunner\Http\Request::$method from global scope
new one => Error: Cannot create dynamic property RoadRunner\Http\Request::$nope
new one by element => Error: Cannot create dynamic property RoadRunner\Http\Request::$nope
new one by reference => Error: Cannot create dynamic property RoadRunner\Http\Request::$nope
new one by ??= => Error: Cannot create dynamic property RoadRunner\Http\Request::$nope
unset of none => null
afterwards => ["GET",0]
