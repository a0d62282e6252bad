<?php

// Counts in a file, which goes wrong without a lock: two workers read the same number.

use RoadRunner\Exception\LockedException;
use RoadRunner\Locks;
use RoadRunner\Worker;

$file = sys_get_temp_dir() . '/roadrunner-example-count';
$worker = new Worker();
while ($request = $worker->waitRequest()) {
    try {
        $count = Locks::withLock('count', function () use ($file): int {
            $count = (int) @file_get_contents($file) + 1;
            usleep(10_000); // Time enough for another worker to read the same.
            file_put_contents($file, (string) $count);
            return $count;
        }, wait: 5);
        $worker->respond(200, "$count\n");
    } catch (LockedException) {
        $worker->respond(503, "Too many want to count.\n", ['retry-after' => 1]);
    }
}
