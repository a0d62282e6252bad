--TEST--
Http: Cache: outside of a worker there is none, and arguments are checked
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Http\Cache;

report('tag', fn () => Cache::purgeTags('a'));
report('tags', fn () => Cache::purgeTags(['a', 'b']));
report('url', fn () => Cache::purgeUrl('/'));
report('everything', fn () => Cache::clear());
report('kind of a tag', fn () => Cache::purgeTags(['a', 5]));
report('kind of tags', fn () => Cache::purgeTags(new stdClass()));
report('kind of a url', fn () => Cache::purgeUrl([]));
report('nothing', fn () => Cache::purgeTags());
report('too much', fn () => Cache::clear('a'));
report('new', fn () => new Cache());
?>
--EXPECT--
tag => RoadRunner\Exception\LogicException: this is not a worker of the server
tags => RoadRunner\Exception\LogicException: this is not a worker of the server
url => RoadRunner\Exception\LogicException: this is not a worker of the server
everything => RoadRunner\Exception\LogicException: this is not a worker of the server
kind of a tag => TypeError: A tag must be a string, int given
kind of tags => TypeError: RoadRunner\Http\Cache::purgeTags(): Argument #1 ($tags) must be of type array|string, stdClass given
kind of a url => TypeError: RoadRunner\Http\Cache::purgeUrl(): Argument #1 ($url) must be of type string, array given
nothing => ArgumentCountError: RoadRunner\Http\Cache::purgeTags() expects exactly 1 argument, 0 given
too much => ArgumentCountError: RoadRunner\Http\Cache::clear() expects exactly 0 arguments, 1 given
new => Error: Call to private RoadRunner\Http\Cache::__construct() from global scope
