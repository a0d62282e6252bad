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
publish => RoadRunner\Exception\LogicException: this is not a worker of the server
count => RoadRunner\Exception\LogicException: this is not a worker of the server
close => RoadRunner\Exception\LogicException: this is not a worker of the server
a name => ValueError: The name of a channel must not be empty
names => ValueError: The name of a channel must not be empty
kind of a name => TypeError: The name of a channel must be a string, null given
kind of names => RoadRunner\Exception\LogicException: this is not a worker of the server
lines => ValueError: The event "x\ny" has a line break or a NUL
retry => ValueError: RoadRunner\Channel::publish(): Argument #5 ($retry) must be greater than or equal to 0
hints => RoadRunner\Exception\LogicException: nobody waits for an answer: the request was made by Request::create()
name of a hint => ValueError: "a b" is not a header name
new => Error: Call to private RoadRunner\Channel::__construct() from global scope
