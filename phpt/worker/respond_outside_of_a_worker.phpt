--TEST--
Worker: respond(): outside of a worker the arguments are checked, then LogicException
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

class Text
{
    public function __toString(): string
    {
        return 'text';
    }
}

class Thrower implements JsonSerializable
{
    public function __toString(): string
    {
        throw new Exception('from __toString()');
    }

    public function jsonSerialize(): mixed
    {
        throw new Exception('from jsonSerialize()');
    }
}

$worker = new RoadRunner\Worker();
report('status', fn () => $worker->respond(200));
foreach (['text', null, [], ['a' => 1], new stdClass(), new Text(), new ArrayObject()] as $body) {
    report('body: ' . get_debug_type($body), fn () => $worker->respond(200, $body, ['x' => 'y']));
}
foreach ([99, 100, 199, 600, -1, PHP_INT_MAX] as $status) {
    report("$status", fn () => $worker->respond($status));
}
foreach ([1, 1.5, true, STDIN, fn () => 1] as $body) {
    report('body: ' . get_debug_type($body), fn () => $worker->respond(200, $body));
}
report('not JSON', fn () => $worker->respond(200, [NAN]));
report('not UTF-8', fn () => $worker->respond(200, ["\xff"]));
report('recursion', function () use ($worker) {
    $array = [];
    $array[] = &$array;
    $worker->respond(200, $array);
});
report('deep', fn () => $worker->respond(200, json_decode(str_repeat('[', 513) . str_repeat(']', 513), true, 1000)));
report('resource inside', fn () => $worker->respond(200, [STDIN]));
report('json_last_error() stays', function () use ($worker) {
    json_decode('{');
    try {
        $worker->respond(200, ["\xff"]);
    } catch (JsonException $exception) {
        return [json_last_error() === JSON_ERROR_SYNTAX, $exception->getCode() === JSON_ERROR_UTF8];
    }
});
report('body throws', fn () => $worker->respond(200, new Thrower()));
report('header', fn () => $worker->respond(200, '', ['a b' => 'c']));
report('header', fn () => $worker->respond(200, '', ['a' => "b\nc"]));
report('header', fn () => $worker->respond(200, '', ['a' => null]));
report('header', fn () => $worker->respond(200, '', ['a']));
report('many headers', fn () => $worker->respond(200, [], array_fill_keys(array_map(fn ($number) => "x$number", range(1, 24_576)), '')));
report('no status', fn () => $worker->respond());
report('text for a status', fn () => $worker->respond('OK'));
?>
--EXPECT--
status => RoadRunner\Exception\LogicException: this is not a worker of the server
body: string => RoadRunner\Exception\LogicException: this is not a worker of the server
body: null => RoadRunner\Exception\LogicException: this is not a worker of the server
body: array => RoadRunner\Exception\LogicException: this is not a worker of the server
body: array => RoadRunner\Exception\LogicException: this is not a worker of the server
body: stdClass => RoadRunner\Exception\LogicException: this is not a worker of the server
body: Text => RoadRunner\Exception\LogicException: this is not a worker of the server
body: ArrayObject => RoadRunner\Exception\LogicException: this is not a worker of the server
99 => ValueError: The status must be from 200 to 599, 99 given
100 => ValueError: The status must be from 200 to 599, 100 given
199 => ValueError: The status must be from 200 to 599, 199 given
600 => ValueError: The status must be from 200 to 599, 600 given
-1 => ValueError: The status must be from 200 to 599, -1 given
9223372036854775807 => ValueError: The status must be from 200 to 599, 9223372036854775807 given
body: int => TypeError: The body must be a string, an array, a Traversable, a stream, a Stringable, a JsonSerializable, a stdClass or null, int given
body: float => TypeError: The body must be a string, an array, a Traversable, a stream, a Stringable, a JsonSerializable, a stdClass or null, float given
body: bool => TypeError: The body must be a string, an array, a Traversable, a stream, a Stringable, a JsonSerializable, a stdClass or null, true given
body: resource (stream) => RoadRunner\Exception\LogicException: this is not a worker of the server
body: Closure => TypeError: The body must be a string, an array, a Traversable, a stream, a Stringable, a JsonSerializable, a stdClass or null, Closure given
not JSON => JsonException: Inf and NaN cannot be JSON encoded
not UTF-8 => JsonException: Malformed UTF-8 characters, possibly incorrectly encoded
recursion => JsonException: Recursion detected
deep => JsonException: Maximum stack depth exceeded
resource inside => JsonException: Type is not supported
json_last_error() stays => [true,true]
body throws => Exception: from jsonSerialize()
header => ValueError: "a b" is not a header name
header => ValueError: The value "b\nc" of header "a" has a control character
header => TypeError: The value of header "a" must be a string, an integer or a list of them, null given
header => ValueError: Headers must be an array of name => value, but 0 is not a name
many headers => ValueError: There are too many headers
no status => ArgumentCountError: RoadRunner\Worker::respond() expects at least 1 argument, 0 given
text for a status => TypeError: RoadRunner\Worker::respond(): Argument #1 ($status) must be of type int, string given
