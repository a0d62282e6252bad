<?php

declare(strict_types=1);

use RoadRunner\Worker;

const PAGE = <<<'HTML'
    <!doctype html>
    <html lang="en">
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>Assets</title>
    <link rel="icon" href="/mark.svg">
    <link rel="stylesheet" href="/site.css">
    <h1>Assets</h1>
    <p>PHP made this page. Its <a href="/site.css">stylesheet</a> came from a file, without PHP.</p>
    <section class="panel">
        <h2>Shades of the accent, by <code>tint()</code></h2>
        <div class="shades">
            <div class="shade-1"></div><div class="shade-2"></div><div class="shade-3"></div><div class="shade-4"></div><div class="shade-5"></div>
        </div>
    </section>
    <p>Change <code>@accent</code> in <code>styles/colours.less</code> while <code>npm run watch</code> runs, and load this page again.</p>
    </html>

    HTML;

$worker = new Worker();

while ($request = $worker->waitRequest()) {
    match ($request->path) {
        '/' => $request->respond(200, PAGE, ['content-type' => 'text/html; charset=utf-8']),
        // Middleware `static` has not found it.
        '/site.css' => $request->respond(404, "/* Not compiled yet: npm install && npm run build */\n", ['content-type' => 'text/css']),
        default => $request->respond(404, "Not here.\n", ['content-type' => 'text/plain']),
    };
}
