<?php

declare(strict_types=1);

use RoadRunner\Channel;
use RoadRunner\Exception\ClientGoneException;
use RoadRunner\Http\Request;
use RoadRunner\Locks;
use RoadRunner\Worker;

/** Sends the time to everybody who watches, as long as somebody does. One worker is enough for any number of them. */
function clock(Worker $worker, Request $request): void
{
    $events = $request->startEvents();
    $events->send(['time' => date('H:i:s')], event: 'clock');
    $events->detach('clock');
    // Null: another worker is the clock already. Who comes just when that one leaves off finds the lock free, or is seen here.
    while (Channel::count('clock') > 0 && !$worker->isStopping() && $lock = Locks::acquire('clock', tied: true)) {
        while (Channel::count('clock') > 0 && !$worker->isStopping()) {
            usleep(1_000_000 - (int) (fmod(microtime(true), 1) * 1_000_000));
            Channel::publish('clock', ['time' => date('H:i:s'), 'watching' => Channel::count('clock')], 'clock');
        }
        $lock->release();
    }
}

/** A table that is made row by row: nothing of it is held in memory. */
function export(int $rows): Generator
{
    try {
        yield "number,square\n";
        for ($number = 1; $number <= $rows; $number++) {
            yield "$number," . $number * $number . "\n";
        }
    } catch (ClientGoneException) {
        error_log('The export was given up by its client');
    }
}

/** Reads an upload while it arrives, and tells how far it is. */
function upload(Request $request): void
{
    $channel = "upload {$request->query('id', 'none')}";
    $total = (int) $request->header('content-length', '0');
    $in = $request->bodyStream();
    $hash = hash_init('sha256');
    [$length, $told] = [0, microtime(true)];
    while (!feof($in)) {
        $piece = fread($in, 65536);
        hash_update($hash, $piece);
        $length += strlen($piece);
        if (microtime(true) - $told > 0.1) {
            $told = microtime(true);
            Channel::publish($channel, ['read' => $length, 'of' => $total]);
        }
    }
    $result = ['read' => $length, 'of' => $total, 'sha256' => hash_final($hash)];
    Channel::publish($channel, $result);
    Channel::close($channel);
    $request->respond(200, $result);
}

$worker = new Worker();

while ($request = $worker->waitRequest()) {
    try {
        match ($request->path) {
            '/' => $request->sendFile(__DIR__ . '/page.html'),
            '/clock' => clock($worker, $request),
            '/export.csv' => $request->respond(
                200,
                export(max(1, min(10_000_000, (int) $request->query('rows', '1000000')))),
                ['content-type' => 'text/csv', 'content-disposition' => 'attachment; filename="export.csv"'],
            ),
            '/upload' => upload($request),
            '/progress' => $request->startEvents()->detach("upload {$request->query('id', 'none')}"),
            default => $request->respond(404, "Not here.\n", ['content-type' => 'text/plain']),
        };
    } catch (ClientGoneException) {
        // Nobody is there to be answered.
    }
}
