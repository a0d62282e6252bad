--TEST--
Meta: no class has a name that Composer packages of RoadRunner use
--EXTENSIONS--
roadrunner
--FILE--
<?php
$taken = ['Spiral\\', 'RoadRunner\Lock\\', 'RoadRunner\Logger\\', 'RoadRunner\Centrifugo\\'];
$names = (new ReflectionExtension('roadrunner'))->getClassNames();
foreach ($names as $name) {
    foreach ($taken as $prefix) {
        if (stripos("$name\\", $prefix) === 0) {
            echo "$name is in $prefix\n";
        }
    }
    if (!str_starts_with($name, 'RoadRunner\\')) {
        echo "$name is not in RoadRunner\\\n";
    }
}
var_dump(count($names) > 0);
?>
--EXPECT--
bool(true)
