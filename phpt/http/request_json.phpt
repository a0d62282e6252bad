--TEST--
Http: Request::json(): decodes the body, objects as arrays
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

report('object', fn () => json('{"a": {"b": [1, 2.0, null, true, "ü"]}}'));
report('is an array', fn () => is_array(json('{}')));
report('scalars', fn () => [json('1'), json('"x"'), json('null'), json(' true ')]);
report('names', fn () => json('{"": 1, "\u0000a": 2, "0": 3}'));
report('big integer', fn () => is_float(json('12345678901234567890')));
report('no content type needed', fn () => Request::create('POST', '/', ['content-type' => 'text/plain'], '[]')->json());
report('twice', function () {
    $request = Request::create('POST', '/', [], '[1]');
    return [$request->json(), $request->json(), $request->body()];
});
report('every length', function () {
    // The parser must not look behind the body, wherever that ends.
    for ($length = 0; $length < 600; $length++) {
        $text = str_repeat('x', $length);
        if (json("\"$text\"") !== $text || json(str_repeat('1', $length % 9 + 1)) !== (int) str_repeat('1', $length % 9 + 1)) {
            return $length;
        }
    }
    return 'good';
});
?>
--EXPECT--
object => {"a":{"b":[1,2.0,null,true,"ü"]}}
is an array => true
scalars => [1,"x",null,true]
names => {"":1,"\u0000a":2,"0":3}
big integer => true
no content type needed => []
twice => [[1],[1],"[1]"]
every length => "good"
