--TEST--
Meta: the extension is what its stubs say, no more and no less
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/reflect.inc';

$root = dirname(__DIR__, 2);
$extension = new ReflectionExtension('roadrunner');
$ours = json_decode(json_encode([
    'functions' => array_keys($extension->getFunctions()),
    'constants' => $extension->getConstants(),
    'classes' => reflect($extension->getClassNames()),
]), true);

// What is declared first is what others implement or extend.
$files = ["$root/php-src-stubs/WorkerInterface.stub.php", "$root/php-src-stubs/Http/Request.stub.php"];
foreach (new RecursiveIteratorIterator(new RecursiveDirectoryIterator("$root/php-src-stubs", FilesystemIterator::SKIP_DOTS)) as $file) {
    $files[] = $file->getPathname();
}
foreach (['php-src-stubs' => array_values(array_unique($files)), 'stubs/roadrunner.php' => ["$root/stubs/roadrunner.php"]] as $what => $files) {
    $theirs = reflect_stubs($files);
    echo $what, ': ', count($theirs['classes']), ' classes, ';
    if ($ours === $theirs) {
        echo "the same\n";
        continue;
    }
    echo "different\n";
    foreach ($ours['classes'] + $theirs['classes'] as $name => $_) {
        foreach (['extension' => $ours, 'stubs' => $theirs] as $where => $all) {
            if (($ours['classes'][$name] ?? null) !== ($theirs['classes'][$name] ?? null)) {
                echo "$name in the $where: ", json_encode($all['classes'][$name] ?? null, JSON_PRETTY_PRINT), "\n";
            }
        }
    }
}
echo 'functions: ', json_encode($ours['functions']), "\n";
echo 'constants: ', json_encode($ours['constants']), "\n";
echo 'settings: ', json_encode($extension->getINIEntries()), "\n";
echo 'dependencies: ', json_encode($extension->getDependencies()), "\n";
?>
--EXPECTF--
php-src-stubs: %d classes, the same
stubs/roadrunner.php: %d classes, the same
functions: []
constants: []
settings: {"roadrunner.allow_root":"0","roadrunner.config":"","roadrunner.override":"","roadrunner.lenient":"0","roadrunner.thread_runs":"0"}
dependencies: []
