--TEST--
Http: Request::json(): $depth counts as in json_decode()
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Http\Request;

function json(string $body, mixed ...$arguments): mixed
{
    return Request::create('POST', '/', [], $body)->json(...$arguments);
}

report('scalar, 1', fn () => json('1', 1));
report('list, 1', fn () => json('[1]', 1));
report('list, 2', fn () => json('[1]', 2));
report('named', fn () => json('[1]', depth: 1));
report('512 by default', fn () => count(json(str_repeat('[', 511) . str_repeat(']', 511))));
report('513', fn () => json(str_repeat('[', 513) . str_repeat(']', 513)));
foreach (['1', '[]', '[1]', '[[1]]', '{"a":{"b":1}}'] as $text) {
    foreach ([1, 2, 3] as $depth) {
        try {
            $ours = json($text, $depth);
        } catch (RoadRunner\Exception\BadRequestException) {
            $ours = null;
        }
        if ($ours !== json_decode($text, true, $depth)) {
            echo "$text at $depth is not as in json_decode()\n";
        }
    }
}
report('0', fn () => json('1', 0));
report('-1', fn () => json('1', -1));
report('too large', fn () => json('1', PHP_INT_MAX));
report('no integer', fn () => json('1', 'deep'));
report('much nesting', fn () => json(str_repeat('[', 1_000_000)));
?>
--EXPECT--
scalar, 1 => 1
list, 1 => RoadRunner\Exception\BadRequestException: The request body is not valid JSON: Maximum stack depth exceeded <- JsonException: Maximum stack depth exceeded
list, 2 => [1]
named => RoadRunner\Exception\BadRequestException: The request body is not valid JSON: Maximum stack depth exceeded <- JsonException: Maximum stack depth exceeded
512 by default => 1
513 => RoadRunner\Exception\BadRequestException: The request body is not valid JSON: Maximum stack depth exceeded <- JsonException: Maximum stack depth exceeded
0 => ValueError: RoadRunner\Http\Request::json(): Argument #1 ($depth) must be between 1 and 2147483647
-1 => ValueError: RoadRunner\Http\Request::json(): Argument #1 ($depth) must be between 1 and 2147483647
too large => ValueError: RoadRunner\Http\Request::json(): Argument #1 ($depth) must be between 1 and 2147483647
no integer => TypeError: RoadRunner\Http\Request::json(): Argument #1 ($depth) must be of type int, string given
much nesting => RoadRunner\Exception\BadRequestException: The request body is not valid JSON: Maximum stack depth exceeded <- JsonException: Maximum stack depth exceeded
