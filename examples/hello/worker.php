<?php

$worker = new RoadRunner\Worker();

while ($request = $worker->waitRequest()) {
    $name = $request->query('name', 'world');
    $worker->respond(200, "Hello, $name!\n", ['content-type' => 'text/plain; charset=utf-8']);
}
