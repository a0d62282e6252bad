--TEST--
Channel: outside of a worker nobody listens, and arguments are checked
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Channel;
use RoadRunner\Http\Request;

report('publish', fn () => Channel::publish('a', 'data'));
report('count', fn () => Channel::count('a'));
report('close', fn () => Channel::close('a'));
report('a name', fn () => Channel::count(''));
report('names', fn () => Channel::publish([], ''));
report('kind of a name', fn () => Channel::publish(['a', null], ''));
report('kind of names', fn () => Channel::publish(1.5, ''));
report('lines', fn () => Channel::publish('a', '', "x\ny"));
report('retry', fn () => Channel::publish('a', '', retry: -1));
report('hints', fn () => Request::create('GET', '/')->earlyHints(['link' => '</a>']));
report('name of a hint', fn () => Request::create('GET', '/')->earlyHints(['a b' => 1]));
report('new', fn () => new Channel());
?>
--EXPECT--
