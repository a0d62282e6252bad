--TEST--
Lock: outside of a worker there are no locks, and arguments are checked
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\HeldLock;
use RoadRunner\Locks;

report('acquire', fn () => Locks::acquire('a'));
report('acquireShared', fn () => Locks::acquireShared('a', 1, 2.5, tied: true));
report('withLock', fn () => Locks::withLock('a', fn () => print 'called'));
report('isLocked', fn () => Locks::isLocked('a'));
report('release', fn () => Locks::release('a', 'b'));
report('forceRelease', fn () => Locks::forceRelease('a'));
report('ttl', fn () => Locks::acquire('a', ttl: -1));
report('wait', fn () => Locks::acquire('a', wait: NAN));
report('function', fn () => Locks::withLock('a', 'no such'));
report('new', fn () => new Locks());
report('new held', fn () => new HeldLock());
$held = (new ReflectionClass(HeldLock::class))->newInstanceWithoutConstructor();
report('made by reflection', fn () => $held->release());
report('extend', fn () => $held->extend(1));
report('isHeld', fn () => $held->isHeld());
report('serialize', fn () => serialize($held));
?>
--EXPECT--
acquire => RoadRunner\Exception\LogicException: this is not a worker of the server
acquireShared => RoadRunner\Exception\LogicException: this is not a worker of the server
withLock => RoadRunner\Exception\LogicException: this is not a worker of the server
isLocked => RoadRunner\Exception\LogicException: this is not a worker of the server
release => RoadRunner\Exception\LogicException: this is not a worker of the server
forceRelease => RoadRunner\Exception\LogicException: this is not a worker of the server
ttl => ValueError: The $ttl of a lock must be 0 or greater, -1 given
wait => ValueError: The $wait of a lock must be 0 or greater, NaN given
function => TypeError: RoadRunner\Locks::withLock(): Argument #2 ($function) must be a valid callback, function "no such" not found or invalid function name
new => Error: Call to private RoadRunner\Locks::__construct() from global scope
new held => Error: Call to private RoadRunner\HeldLock::__construct() from global scope
made by reflection => Error: RoadRunner\HeldLock has not been taken
extend => Error: RoadRunner\HeldLock has not been taken
isHeld => Error: RoadRunner\HeldLock has not been taken
serialize => Exception: Serialization of 'RoadRunner\HeldLock' is not allowed
