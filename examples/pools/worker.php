<?php
// The pages. Change the text and save: the page in the browser follows.
$worker = new RoadRunner\Worker();
$booted = date('H:i:s');
$count = 0;
while ($request = $worker->waitRequest()) {
    $count++;
    $worker->respond(
        200,
        "<!doctype html><title>Pools</title><h1>Hello</h1><p>This worker booted at $booted and has answered $count requests.</p>"
            . '<p><a href="/reports">A report</a> takes its time, and holds up no page.</p>',
        ['content-type' => 'text/html; charset=utf-8'],
    );
}
