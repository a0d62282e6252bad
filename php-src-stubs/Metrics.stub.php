<?php

namespace RoadRunner;

/**
 * Metrics of the application, beside those of the server: Prometheus reads both at `metrics.address`.
 *
 * A metric is declared by asking for it. What is declared already, by another worker or in `metrics.collect`, is found
 * by its name if it has the same type, labels, and buckets or objectives; its help stays as it was. Keep the object where
 * values are changed often: with it, the name is not looked up.
 *
 * All workers of a server change the same numbers. They are lost when the process ends, as at a change of the generation.
 * Outside of a server, and in a fork of a worker, everything is checked and nothing is shown: the same code runs in commands
 * and tests.
 *
 * @strict-properties
 * @not-serializable
 */
final class Metrics
{
    private function __construct() {}

    /**
     * A number that only grows. By custom its name ends in `_total`.
     *
     * @param string $name letters, digits, _ and :
     * @param string $help what it says, for people
     * @param list<string> $labels names of its labels
     *
     * @throws \ValueError for a name, help or label that Prometheus does not have
     * @throws \RoadRunner\Exception\LogicException when the name is taken by something else
     */
    public static function counter(string $name, string $help = '', array $labels = []): \RoadRunner\Metrics\Counter {}

    /**
     * A number that goes up and down.
     *
     * @param string $name letters, digits, _ and :
     * @param string $help what it says, for people
     * @param list<string> $labels names of its labels
     *
     * @throws \ValueError|\RoadRunner\Exception\LogicException as counter()
     */
    public static function gauge(string $name, string $help = '', array $labels = []): \RoadRunner\Metrics\Gauge {}

    /**
     * Observations, counted by size.
     *
     * @param string $name letters, digits, _ and :
     * @param string $help what it says, for people
     * @param list<string> $labels names of its labels
     * @param list<int|float> $buckets upper bounds that grow; none: 0.005 to 10, which is meant for seconds
     *
     * @throws \ValueError|\RoadRunner\Exception\LogicException as counter()
     */
    public static function histogram(string $name, string $help = '', array $labels = [], array $buckets = []): \RoadRunner\Metrics\Histogram {}

    /**
     * Observations, with quantiles of the last ten minutes.
     *
     * @param string $name letters, digits, _ and :
     * @param string $help what it says, for people
     * @param list<string> $labels names of its labels
     * @param array<string, float> $objectives quantiles and their errors: `['0.5' => 0.05, '0.99' => 0.001]`
     *
     * @throws \ValueError|\RoadRunner\Exception\LogicException as counter()
     */
    public static function summary(string $name, string $help = '', array $labels = [], array $objectives = []): \RoadRunner\Metrics\Summary {}

    /**
     * Forgets a metric. Objects that still stand for it throw.
     *
     * @return bool false when there was none of this name
     */
    public static function unregister(string $name): bool {}
}
