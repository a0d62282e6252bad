<?php

declare(strict_types=1);

use Notes\Api;
use Notes\Store;
use RoadRunner\Worker;

require __DIR__ . '/src/Store.php';
require __DIR__ . '/src/Api.php';

// The boot runs once per worker, not once per request: the connection and its prepared statements stay.
// It also runs on the main thread, before the first worker: a database that cannot be opened ends the start here.
$api = new Api(Store::open(getenv('NOTES_DB') ?: __DIR__ . '/var/notes.sqlite'));

$worker = new Worker();

while ($request = $worker->waitRequest()) {
    try {
        [$status, $body, $headers] = $api->handle($request);
        $worker->respond($status, $body, $headers);
    } catch (Throwable $error) {
        // Nothing was answered yet: handle() does not, and a respond() that throws has sent nothing.
        // The client learns no details, only the id by which they are found in the log.
        error_log("$request->id $request->method $request->path: $error");
        $worker->respond(500, ['error' => 'Internal server error', 'request' => $request->id]);
    }
}
