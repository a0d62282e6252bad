--TEST--
Response: a value that is made once
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Http\Response;

function show(Response $response): void
{
    echo json_encode([$response->status, $response->body, $response->headers, $response->file], JSON_UNESCAPED_SLASHES), "\n";
}

show(new Response());
show(new Response(404, null, ['x' => ['a', 1]]));
show(Response::json(['a' => 1.0, 'b' => 'é']));
show(Response::json(null, 201, ['Content-Type' => 'application/x']));
show(Response::redirect('/a?b'));
show(Response::redirect('/', 308, ['x' => 'y']));
show(Response::file('a.txt'));
show(Response::file('a.txt', 'b.txt'));
show(Response::file('a.txt', 'b.txt', true, ['x' => 'y', 'Content-Disposition' => 'mine']));
$response = new Response(200, 'text');
report('status', fn () => new Response(199));
report('json status', fn () => Response::json([], 600));
report('json', fn () => Response::json(NAN));
report('redirect', fn () => Response::redirect('/', 200));
report('location', fn () => Response::redirect(''));
report('path', fn () => Response::file("a\0b"));
foreach (['', 'a/b', 'a\\b', "a\nb", "\xff"] as $name) {
    report('name', fn () => Response::file('a', $name));
}
report('write', function () use ($response) { $response->status = 201; });
report('again', fn () => $response->__construct(201));
report('dynamic', function () use ($response) { $response->other = 1; });
report('serialize', fn () => serialize($response));
report('clone', fn () => (clone $response)->body);
$worker = new RoadRunner\Worker();
report('send', fn () => $worker->send($response));
report('send a wrong header', fn () => $worker->send(new Response(200, '', ['a b' => 'c'])));
report('send a file', fn () => $worker->send(Response::file(__FILE__)));
report('send nothing', fn () => $worker->send((new ReflectionClass(Response::class))->newInstanceWithoutConstructor()));
report('sendFile', fn () => $worker->sendFile(__FILE__));
report('sendFile without a path', fn () => $worker->sendFile(''));
report('sendFile of a request', fn () => RoadRunner\Http\Request::create('GET', '/')->sendFile(__FILE__));
?>
--EXPECT--
[200,"",[],null]
[404,null,{"x":["a",1]},null]
[200,"{\"a\":1.0,\"b\":\"\u00e9\"}",{"content-type":"application/json"},null]
[201,"null",{"Content-Type":"application/x"},null]
[302,"",{"location":"/a?b"},null]
[308,"",{"x":"y","location":"/"},null]
[200,"",[],"a.txt"]
[200,"",{"content-disposition":"attachment; filename=\"b.txt\""},"a.txt"]
[200,"",{"x":"y","Content-Disposition":"mine"},"a.txt"]
status => ValueError: The status must be from 200 to 599, 199 given
json status => ValueError: The status must be from 200 to 599, 600 given
json => JsonException: Inf and NaN cannot be JSON encoded
redirect => ValueError: RoadRunner\Http\Response::redirect(): Argument #2 ($status) must be 301, 302, 303, 307 or 308, 200 given
location => ValueError: RoadRunner\Http\Response::redirect(): Argument #1 ($location) must not be empty
path => ValueError: RoadRunner\Http\Response::file(): Argument #1 ($path) must not contain any null bytes
name => ValueError: "" is no name for a file: UTF-8 without slashes and control characters
name => ValueError: "a/b" is no name for a file: UTF-8 without slashes and control characters
name => ValueError: "a\\b" is no name for a file: UTF-8 without slashes and control characters
name => ValueError: "a\nb" is no name for a file: UTF-8 without slashes and control characters
name => ValueError: "\xff" is no name for a file: UTF-8 without slashes and control characters
write => Error: Cannot modify readonly property RoadRunner\Http\Response::$status
again => Error: Cannot modify readonly property RoadRunner\Http\Response::$status
dynamic => Error: Cannot create dynamic property RoadRunner\Http\Response::$other
serialize => Exception: Serialization of 'RoadRunner\Http\Response' is not allowed
clone => "text"
send => RoadRunner\Exception\LogicException: this is not a worker of the server
send a wrong header => ValueError: "a b" is not a header name
send a file => RoadRunner\Exception\LogicException: this is not a worker of the server
send nothing => RoadRunner\Exception\LogicException: the constructor of the response was not called
sendFile => RoadRunner\Exception\LogicException: this is not a worker of the server
sendFile without a path => ValueError: The path of a file must have from 1 to 4095 bytes
sendFile of a request => RoadRunner\Exception\LogicException: nobody waits for an answer: the request was made by Request::create()
