--TEST--
Http: Request::bodyStream(): the body as a stream
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Http\Request;

$request = fn (string $body) => Request::create('POST', '/', [], $body);
report('all', fn () => stream_get_contents($request("one\ntwo")->bodyStream()));
report('empty', function () use ($request) {
    $stream = $request('')->bodyStream();
    return [feof($stream), fread($stream, 1), feof($stream)];
});
report('lines', function () use ($request) {
    $stream = $request("one\ntwo\nthree")->bodyStream();
    return [fgets($stream), fgets($stream), feof($stream), fgets($stream), fgets($stream), feof($stream)];
});
report('seek', function () use ($request) {
    $stream = $request('0123456789')->bodyStream();
    return [
        fseek($stream, 4), fread($stream, 2), ftell($stream), fseek($stream, -1, SEEK_END), fread($stream, 9), feof($stream),
        fseek($stream, 0, SEEK_END), fseek($stream, 11), fseek($stream, -1), rewind($stream), fread($stream, 1),
    ];
});
report('long', function () use ($request) {
    $body = str_repeat(implode('', array_map(chr(...), range(0, 255))), 20_000);
    $copy = fopen('php://temp', 'w+');
    return [stream_copy_to_stream($request($body)->bodyStream(), $copy), rewind($copy), stream_get_contents($copy) === $body];
});
report('twice, beside body()', function () use ($request) {
    $request = $request('body');
    $streams = [$request->bodyStream(), $request->bodyStream()];
    return [$request->body(), ...array_map(stream_get_contents(...), $streams)];
});
report('outlives the object', function () use ($request) {
    $stream = $request('body')->bodyStream();
    gc_collect_cycles();
    return fread($stream, 10);
});
report('is not written', fn () => @fwrite($request('body')->bodyStream(), 'x'));
report('says what it is', function () use ($request) {
    $stream = $request('body')->bodyStream();
    $about = stream_get_meta_data($stream);
    return [$about['stream_type'], $about['mode'], $about['seekable'], $about['timed_out'], $about['blocked'], $about['eof'], fstat($stream)['size']];
});
report('filtered', function () use ($request) {
    $stream = $request('body')->bodyStream();
    stream_filter_append($stream, 'string.toupper');
    return stream_get_contents($stream);
});
report('closed', function () use ($request) {
    $stream = $request('body')->bodyStream();
    return [fclose($stream), get_debug_type($stream)];
});
report('trailers', fn () => $request('body')->trailers());
report('argument', fn () => $request('')->bodyStream(1));
?>
--EXPECT--
all => "one\ntwo"
empty => [false,"",true]
lines => ["one\n","two\n",false,"three",false,true]
seek => [0,"45",6,0,"9",false,0,-1,-1,true,"0"]
long => [5120000,true,true]
twice, beside body() => ["body","body","body"]
outlives the object => "body"
is not written => false
says what it is => ["request body","rb",true,false,true,false,4]
filtered => "BODY"
closed => [true,"resource (closed)"]
trailers => []
argument => ArgumentCountError: RoadRunner\Http\Request::bodyStream() expects exactly 0 arguments, 1 given
