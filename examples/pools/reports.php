<?php
// Reports take their time. This script has a pool of its own.
$worker = new RoadRunner\Worker();
$seconds = (int) getenv('REPORT_SECONDS');
while ($request = $worker->waitRequest()) {
    try {
        sleep($seconds);
        $worker->respond(200, "A report that took $seconds seconds.\n");
    } catch (RoadRunner\Exception\TimeoutException) {
        // The client was told by the server; the worker takes the next request.
    }
}
