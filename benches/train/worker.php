<?php

// Answers what scripts/pgo asks for, in the ways that applications do: what is used here often is built for speed.

use RoadRunner\Http\Response;

$worker = new RoadRunner\Worker();
$hits = getenv('TRAIN_METRICS') ? RoadRunner\Metrics::counter('hits', '', ['path']) : null;
$texts = ['/10k' => str_repeat('0123456789', 1024), '/100k' => str_repeat('0123456789', 10240)];

while ($request = $worker->waitRequest()) {
    $hits?->inc([$request->path]);
    switch ($request->path) {
        case '/':
            $worker->respond(200, "Hello, world!\n", ['content-type' => 'text/plain']);
            break;
        case '/json':
            $worker->send(Response::json([
                'name' => $request->query('name', 'nobody'),
                'agent' => $request->header('user-agent'),
                'cookies' => $request->cookies(),
                'headers' => $request->headers(),
                'items' => range(1, 50),
            ]));
            break;
        case '/headers':
            $request->respond(200, str_repeat('x', 1024), [
                'content-type' => 'application/json',
                'cache-control' => 'no-store',
                'x-request-id' => $request->query('id', '1'),
                'x-frame-options' => 'DENY',
                'vary' => ['accept', 'accept-language'],
                'set-cookie' => ['a=1', 'b=2'],
            ]);
            break;
        case '/echo':
            $request->respond(200, $request->body(), ['content-type' => 'application/octet-stream']);
            break;
        case '/form':
            $request->respond(200, $request->form('name', '') . count($request->files()));
            break;
        case '/read':
            $request->respond(200, (string) strlen(stream_get_contents($request->bodyStream())));
            break;
        case '/stream':
            $stream = $request->startResponse(200, ['content-type' => 'text/plain']);
            for ($piece = 0; $piece < 8; $piece++) {
                $stream->write("piece $piece of a text that comes as it is made\n");
            }
            $stream->end();
            break;
        case '/file':
            $request->sendFile(__DIR__ . '/public/file.txt');
            break;
        case '/slow':
            usleep(2000);
            $request->respond(200, 'slow');
            break;
        default:
            $request->respond(isset($texts[$request->path]) ? 200 : 404, $texts[$request->path] ?? 'Not found');
    }
}
