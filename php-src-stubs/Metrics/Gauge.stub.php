<?php

namespace RoadRunner\Metrics;

/**
 * A number that goes up and down.
 */
interface GaugeInterface
{
    /**
     * Sets it.
     *
     * @param array<string|int> $labels values of its labels, in their order or by their names
     *
     * @throws \ValueError for labels that do not fit, or a number that is none
     * @throws \TypeError for a value of a label that is neither string nor int
     * @throws \RoadRunner\Exception\LogicException when there are `metrics.max_series` series, or it was unregistered
     */
    public function set(float $value, array $labels = []): void;

    /**
     * Adds one.
     *
     * @param array<string|int> $labels values of its labels, in their order or by their names
     *
     * @throws \ValueError for labels that do not fit, or a number that is none
     * @throws \TypeError for a value of a label that is neither string nor int
     * @throws \RoadRunner\Exception\LogicException when there are `metrics.max_series` series, or it was unregistered
     */
    public function inc(array $labels = []): void;

    /**
     * Subtracts one.
     *
     * @param array<string|int> $labels values of its labels, in their order or by their names
     *
     * @throws \ValueError for labels that do not fit, or a number that is none
     * @throws \TypeError for a value of a label that is neither string nor int
     * @throws \RoadRunner\Exception\LogicException when there are `metrics.max_series` series, or it was unregistered
     */
    public function dec(array $labels = []): void;

    /**
     * Adds a number, which may be negative.
     *
     * @param array<string|int> $labels values of its labels, in their order or by their names
     *
     * @throws \ValueError for labels that do not fit, or a number that is none
     * @throws \TypeError for a value of a label that is neither string nor int
     * @throws \RoadRunner\Exception\LogicException when there are `metrics.max_series` series, or it was unregistered
     */
    public function add(float $value, array $labels = []): void;

    /**
     * Subtracts a number.
     *
     * @param array<string|int> $labels values of its labels, in their order or by their names
     *
     * @throws \ValueError for labels that do not fit, or a number that is none
     * @throws \TypeError for a value of a label that is neither string nor int
     * @throws \RoadRunner\Exception\LogicException when there are `metrics.max_series` series, or it was unregistered
     */
    public function sub(float $value, array $labels = []): void;
}

/**
 * A number that goes up and down.
 *
 * @strict-properties
 * @not-serializable
 */
final class Gauge implements GaugeInterface
{
    private function __construct() {}

    public function set(float $value, array $labels = []): void {}

    public function inc(array $labels = []): void {}

    public function dec(array $labels = []): void {}

    public function add(float $value, array $labels = []): void {}

    public function sub(float $value, array $labels = []): void {}
}
