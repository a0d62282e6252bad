<?php

declare(strict_types=1);

use RoadRunner\Worker;

/**
 * Trace and span of this request: `00-<trace>-<span>-<01 if it is recorded>`. Whoever is asked on behalf of the request is
 * to be sent the same trace; OpenTelemetry for PHP does so by itself.
 */
$worker = new Worker();
while ($request = $worker->waitRequest()) {
    $parent = $request->header('traceparent', 'none');
    error_log("traceparent: $parent");
    usleep(random_int(1_000, 20_000));
    if ($request->path === '/stream') {
        $stream = $request->startResponse(200, ['content-type' => 'text/plain']);
        foreach (['one', 'two', 'three'] as $word) {
            $stream->write("$word\n");
            usleep(50_000);
        }
        $stream->end();
        continue;
    }
    $worker->respond(200, "$parent\n", ['content-type' => 'text/plain']);
}
