--TEST--
Cli: run(): what cannot be done has an exit code and a sentence on standard error
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../process.inc';

$directory = sys_get_temp_dir() . '/rr-phpt-' . getmypid();
mkdir($directory);
foreach ([['sreve'], ['serve', '--pit'], ['jobs'], ['serve'], ['serve', '-c', 'absent.yaml'], ['stop']] as $arguments) {
    php(['-r', 'exit(RoadRunner\Cli::run(array_slice($argv, 1)));', '--', ...$arguments], ['RR_CONFIG' => ''], $directory);
}
rmdir($directory);
?>
--EXPECTF--
rr: "sreve" is not a known command; did you mean serve?
status 64
rr: --pit is not a known flag; did you mean --pid?
status 64
rr: jobs is not supported yet
status 69
rr: server.command is required: the command line of the workers, such as "php worker.php"
status 78
rr: cannot read the configuration %s/absent.yaml: No such file or directory (os error 2)
status 78
rr: there is no %s/.pid: no server was started here with rr serve -p, or it has ended
status 1
