--TEST--
Http: Request::tls(): null without a server; its classes are made by the server alone
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Http\{ClientCertificate, Request, Tls};

report('plain', fn () => Request::create('GET', '/')->tls());
foreach (['http://a/b', 'https://a/b', 'HTTPS://a/b', '/b'] as $uri) {
    report($uri, fn () => [Request::create('GET', $uri)->scheme, Request::create('GET', $uri)->tls()]);
}
report('arguments', fn () => Request::create('GET', '/')->tls(1));
foreach ([Tls::class, ClientCertificate::class] as $class) {
    report('new', fn () => new $class());
    $empty = (new ReflectionClass($class))->newInstanceWithoutConstructor();
    report('nothing in it', fn () => $empty->{$class === Tls::class ? 'version' : 'subject'});
    report('write', fn () => $empty->{$class === Tls::class ? 'version' : 'subject'} = 'x');
    report('add', fn () => $empty->other = 1);
    report('serialize', fn () => serialize($empty));
}
?>
--EXPECTF--
plain => null
http://a/b => ["http",null]
https://a/b => ["https",null]
HTTPS://a/b => ["https",null]
/b => ["http",null]
arguments => ArgumentCountError: RoadRunner\Http\Request::tls() expects exactly 0 arguments, 1 given
new => Error: Call to private RoadRunner\Http\Tls::__construct() from global scope
nothing in it => Error: Typed property RoadRunner\Http\Tls::$version must not be accessed before initialization
write => Error: Cannot %s readonly property RoadRunner\Http\Tls::$version from global scope
add => Error: Cannot create dynamic property RoadRunner\Http\Tls::$other
serialize => Exception: Serialization of 'RoadRunner\Http\Tls' is not allowed
new => Error: Call to private RoadRunner\Http\ClientCertificate::__construct() from global scope
nothing in it => Error: Typed property RoadRunner\Http\ClientCertificate::$subject must not be accessed before initialization
write => Error: Cannot %s readonly property RoadRunner\Http\ClientCertificate::$subject from global scope
add => Error: Cannot create dynamic property RoadRunner\Http\ClientCertificate::$other
serialize => Exception: Serialization of 'RoadRunner\Http\ClientCertificate' is not allowed
