--TEST--
Cli: run(): prints, gives the exit code, and takes strings only
--EXTENSIONS--
roadrunner
--FILE--
<?php
use RoadRunner\Cli;

var_dump(Cli::run(['--version']));
var_dump(Cli::run(['serve', '--help']) === 0);
foreach ([[1], [['serve']], [null]] as $arguments) {
    try {
        Cli::run($arguments);
    } catch (TypeError $e) {
        echo get_class($e), ': ', $e->getMessage(), "\n";
    }
}
echo json_encode((new ReflectionMethod(Cli::class, '__construct'))->isPrivate()), "\n";
?>
--EXPECTF--
rr version %d.%d.%d (compatible), OS: linux, arch: %s
roadrunner extension %s
int(0)
rr serve: run the server

Usage: rr serve [flags]

Flags:
%A
bool(true)
TypeError: The arguments must be strings
TypeError: The arguments must be strings
TypeError: The arguments must be strings
true
