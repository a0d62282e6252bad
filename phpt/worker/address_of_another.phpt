--TEST--
Worker: waitRequest(): an address of another machine is an error
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

$file = sys_get_temp_dir() . '/rr-phpt-' . getmypid() . '.yaml';
file_put_contents($file, 'http: {address: "192.0.2.1:80"}');
putenv("RR_CONFIG=$file");
report('wait', fn () => (new RoadRunner\Worker())->waitRequest());
unlink($file);
?>
--EXPECT--
wait => RoadRunner\Exception\ServerException: cannot listen on 192.0.2.1:80: Cannot assign requested address (os error 99)
