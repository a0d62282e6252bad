--TEST--
Http: Request::create(): refuses what cannot be a request
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Http\Request;

foreach (['', 'G T', "GET\n", "\0", 'GÉT', '(', str_repeat('"', 61)] as $method) {
    report('method', fn () => Request::create($method, '/'));
}
foreach (['', ' ', '/a b', "/\n", "/\0", "/\xff", 'page', '?a=1', 'example.com:80', 'http://', 'http:///x', '/' . str_repeat('x', 70000)] as $uri) {
    report('target', fn () => Request::create('GET', $uri));
}
foreach (['', 'localhost', '1.2.3', '1.2.3.4:80', '[::1]', '::g', "::1\0", 'fe80::1%eth0'] as $address) {
    report('address', fn () => Request::create('GET', '/', remoteAddress: $address));
}
$headers = [['a b' => 'c'], ['' => 'a'], ["a\r\nb" => 'c'], ["a\0" => 'b'], ['ä' => 'b'], ['a' => "b\r\nc: d"], ['a' => "b\0"],
    ['a' => ['b', "c\n"]], ['a' => "\x7f"], ['a'], [5 => 'a'], ['5' => 'a']];
foreach ($headers as $header) {
    report('header', fn () => Request::create('GET', '/', $header));
}
foreach ([null, 1.5, true, [[]], [null], new stdClass(), fn () => 1, STDIN] as $value) {
    report('header value', fn () => Request::create('GET', '/', ['A' => $value]));
}
$many = array_fill_keys(array_map(fn ($number) => "x$number", range(1, 40_000)), 'y');
report('headers', fn () => Request::create('GET', '/', $many));
report('headers', fn () => Request::create('GET', 'http://example.com/', array_slice($many, 0, 24_576)));
report('no target', fn () => Request::create('GET'));
report('no text', fn () => Request::create([], '/'));
report('no array', fn () => Request::create('GET', '/', 'x: y'));
?>
--EXPECT--
method => ValueError: "" is not a request method
method => ValueError: "G T" is not a request method
method => ValueError: "GET\n" is not a request method
method => ValueError: "\x00" is not a request method
method => ValueError: "G\xc3\x89T" is not a request method
method => ValueError: "(" is not a request method
method => ValueError: "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"…" is not a request method
target => ValueError: "" is not a request target
target => ValueError: " " is not a request target
target => ValueError: "/a b" is not a request target
target => ValueError: "/\n" is not a request target
target => ValueError: "/\x00" is not a request target
target => ValueError: "/\xff" is not a request target
target => ValueError: "page" is not a request target
target => ValueError: "?a=1" is not a request target
target => ValueError: "example.com:80" is not a request target
target => ValueError: "http://" is not a request target
target => ValueError: "http:///x" is not a request target
target => ValueError: "/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…" is not a request target
address => ValueError: "" is not an IP address
address => ValueError: "localhost" is not an IP address
address => ValueError: "1.2.3" is not an IP address
address => ValueError: "1.2.3.4:80" is not an IP address
address => ValueError: "[::1]" is not an IP address
address => ValueError: "::g" is not an IP address
address => ValueError: "::1\x00" is not an IP address
address => ValueError: "fe80::1%eth0" is not an IP address
header => ValueError: "a b" is not a header name
header => ValueError: "" is not a header name
header => ValueError: "a\r\nb" is not a header name
header => ValueError: "a\x00" is not a header name
header => ValueError: "\xc3\xa4" is not a header name
header => ValueError: The value "b\r\nc: d" of header "a" has a control character
header => ValueError: The value "b\x00" of header "a" has a control character
header => ValueError: The value "c\n" of header "a" has a control character
header => ValueError: The value "\x7f" of header "a" has a control character
header => ValueError: Headers must be an array of name => value, but 0 is not a name
header => ValueError: Headers must be an array of name => value, but 5 is not a name
header => ValueError: Headers must be an array of name => value, but 5 is not a name
header value => TypeError: The value of header "a" must be a string, an integer or a list of them, null given
header value => TypeError: The value of header "a" must be a string, an integer or a list of them, float given
header value => TypeError: The value of header "a" must be a string, an integer or a list of them, true given
header value => TypeError: The value of header "a" must be a string, an integer or a list of them, array given
header value => TypeError: The value of header "a" must be a string, an integer or a list of them, null given
header value => TypeError: The value of header "a" must be a string, an integer or a list of them, stdClass given
header value => TypeError: The value of header "a" must be a string, an integer or a list of them, Closure given
header value => TypeError: The value of header "a" must be a string, an integer or a list of them, resource given
headers => ValueError: There are too many headers
headers => ValueError: There are too many headers
no target => ArgumentCountError: RoadRunner\Http\Request::create() expects at least 2 arguments, 1 given
no text => TypeError: RoadRunner\Http\Request::create(): Argument #1 ($method) must be of type string, array given
no array => TypeError: RoadRunner\Http\Request::create(): Argument #3 ($headers) must be of type array, string given
