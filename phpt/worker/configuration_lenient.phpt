--TEST--
Worker: waitRequest(): roadrunner.lenient warns of keys that are not supported; unknown ones stay errors
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../process.inc';

$directory = sys_get_temp_dir() . '/rr-phpt-' . getmypid();
mkdir($directory);
file_put_contents("$directory/.rr.yaml", "grpc: {listen: 'tcp://:1'}\nwebsockets: {path: /ws}\nserver: {relay: pipes}\n");
$script = __DIR__ . '/wait.inc';
php([$script], [], $directory);
php(['-d', 'roadrunner.lenient=0', $script], [], $directory);
php(['-d', 'roadrunner.lenient=1', '-d', 'roadrunner.override="zzz=1"', $script], [], $directory);
// An address that is taken keeps the server from running.
$taken = stream_socket_server('tcp://127.0.0.1:0');
$address = stream_socket_get_name($taken, false);
php(['-d', 'roadrunner.lenient=1', '-d', "roadrunner.override=\"http.address=$address\"", $script], [], $directory);
unlink("$directory/.rr.yaml");
rmdir($directory);
?>
--EXPECTF--
RoadRunner\Exception\ServerException: .rr.yaml is not a valid configuration:
  line 1: not supported yet: grpc
  line 2: not supported: websockets; RoadRunner itself removed it in 2.12
  What is not supported is a mere warning with --lenient, or -d roadrunner.lenient=1.
the script goes on
status 0
RoadRunner\Exception\ServerException: .rr.yaml is not a valid configuration:
  line 1: not supported yet: grpc
  line 2: not supported: websockets; RoadRunner itself removed it in 2.12
  What is not supported is a mere warning with --lenient, or -d roadrunner.lenient=1.
the script goes on
status 0
RoadRunner\Exception\ServerException: .rr.yaml is not a valid configuration:
  override 1: zzz is not a known key; known here: version, include, envfile, server, endure, shutdown, slow_log, http, fileserver, rpc, metrics, status, …
the script goes on
status 0
%sWARN%sline 1: not supported yet: grpc
%sWARN%sline 2: not supported: websockets; RoadRunner itself removed it in 2.12
%sWARN%sline 3: server.relay has no effect: workers are threads of the server's own process: there is no relay between them
%ARoadRunner\Exception\ServerException: cannot listen on 127.0.0.1:%d: Address already in use (os error 98)
the script goes on
status 0
