--TEST--
Http: Request::form(): fields of an urlencoded body, and of no other
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Http\Request;

function request(?string $type, string $body = 'a=1&b[]=2&b[]=3&c%20d=%26', string $method = 'POST'): Request
{
    return Request::create($method, '/?a=query', $type === null ? [] : ['Content-Type' => $type], $body);
}

$type = 'application/x-www-form-urlencoded';
report('all', fn () => request($type)->form());
report('one', fn () => request($type)->form('a'));
report('nested', fn () => request($type)->form('b'));
report('missing', fn () => request($type)->form('x'));
report('missing, default', fn () => request($type)->form('x', false));
report('charset', fn () => request("$type; charset=utf-8")->form('a'));
report('case and space', fn () => request('Application/X-WWW-Form-URLencoded ;charset=UTF-8')->form('a'));
report('no body', fn () => request($type, '')->form());
report('any method', fn () => request($type, method: 'PATCH')->form('a'));
report('binary', fn () => bin2hex(request($type, "a=%00\xff")->form('a')));
report('ends at a NUL, as in parse_str()', fn () => request($type, "a=1\0&b=2")->form());
foreach ([null, '', 'text/plain', 'multipart/form-data; boundary=x', "{$type}x", "x; $type", "text/$type"] as $other) {
    report($other ?? 'no type', fn () => [request($other)->form(), request($other)->form('a', 'default')]);
}
report('body stays', fn () => request($type)->body());
report('long', fn () => strlen(request($type, 'a=' . str_repeat('x', 3_000_000))->form('a')));
?>
--EXPECT--
all => {"a":"1","b":["2","3"],"c_d":"&"}
one => "1"
nested => ["2","3"]
missing => null
missing, default => false
charset => "1"
case and space => "1"
no body => []
any method => "1"
binary => "00ff"
ends at a NUL, as in parse_str() => {"a":"1"}
no type => [[],"default"]
 => [[],"default"]
text/plain => [[],"default"]
multipart/form-data; boundary=x => [[],"default"]
application/x-www-form-urlencodedx => [[],"default"]
x; application/x-www-form-urlencoded => [[],"default"]
text/application/x-www-form-urlencoded => [[],"default"]
body stays => "a=1&b[]=2&b[]=3&c%20d=%26"
long => 3000000
