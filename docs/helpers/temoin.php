<?php

/**
 * What a visitor has allowed, read from the cookie that Témoin keeps it in.
 *
 * PHP 8.0 or later. $catalogue is what /temoin/catalogue.json holds, as
 * json_decode($json, true) returns it. Whatever is in doubt counts as no choice.
 */

declare(strict_types=1);

/**
 * The newest valid record of a Cookie header, or null: ask, and allow nothing.
 *
 * Give it $_SERVER['HTTP_COOKIE'] ?? '': $_COOKIE keeps one cookie of each name
 * only.
 */
function temoin_choice(string $header, array $catalogue, ?int $now = null): ?array
{
    $now ??= time();
    $newest = null;
    foreach (explode(';', $header) as $pair) {
        [$name, $value] = explode('=', trim($pair, " \t"), 2) + [1 => ''];
        $record = $name === $catalogue['cookie']['name'] ? temoin_decode($value) : null;
        if ($record === null || $record['rev'] !== $catalogue['rev']) {
            continue;
        }
        $age = $now - $record['at'];
        if ($age < -86400 || $age > $catalogue['lifetime']) {
            continue;
        }
        if ($newest === null || $record['at'] > $newest['at']) {
            $newest = $record;
        }
    }
    return $newest;
}

/** Whether a category or service, by its id, may run for who made this choice. */
function temoin_allows(?array $record, array $catalogue, string $id): bool
{
    $categories = array_column($catalogue['categories'], null, 'id');
    $services = array_column($catalogue['services'] ?? [], null, 'id');
    $service = isset($categories[$id]) ? null : ($services[$id] ?? null);
    $category = $categories[$service['category'] ?? $id] ?? null;
    if ($category === null) {
        return false;
    }
    if ($category['necessary'] ?? false) {
        return true;
    }
    if (!in_array($category['id'], array_column($services, 'category'), true)) { // nobody is asked about it
        return false;
    }
    if ($record === null) { // only an exempt audience measure runs unasked
        return ($service['anonymous'] ?? false) || ($category['anonymous'] ?? false);
    }
    if ($service !== null && isset($record['services'][$id])) {
        return $record['services'][$id];
    }
    return $record['choices'][$category['id']] ?? false;
}

/** The record that a cookie's value holds, or null where it holds none. */
function temoin_decode(string $value): ?array
{
    if (!preg_match('/\A([!-$&-~]|%[0-9A-Fa-f]{2})+\z/', $value) || strlen($value) > 4096) {
        return null;
    }
    $record = json_decode(rawurldecode($value)); // objects, so that [] and {} differ
    $good = $record instanceof stdClass
        && temoin_whole($record->v ?? null) === 1
        && is_string($record->id ?? null) && preg_match('/\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\z/', $record->id)
        && is_string($record->rev ?? null) && preg_match('/\A[0-9a-f]{8}\z/', $record->rev)
        && temoin_whole($record->at ?? null) > 0
        && temoin_answers($record->choices ?? null)
        && (!property_exists($record, 'services') || temoin_answers($record->services));
    if (!$good) {
        return null;
    }
    return [
        'v' => 1,
        'id' => $record->id,
        'rev' => $record->rev,
        'at' => temoin_whole($record->at),
        'choices' => (array) $record->choices,
        'services' => (array) ($record->services ?? []),
    ];
}

/** The whole number that JavaScript, too, could tell from its neighbours; else 0. */
function temoin_whole(mixed $value): int
{
    $number = is_int($value) || is_float($value) ? (float) $value : 0.5;
    return is_finite($number) && floor($number) === $number && abs($number) < 2 ** 53 ? (int) $number : 0;
}

function temoin_answers(mixed $value): bool
{
    if (!$value instanceof stdClass) {
        return false;
    }
    foreach (get_object_vars($value) as $id => $granted) {
        if (!preg_match('/\A[a-z][a-z0-9-]*\z/', (string) $id) || !is_bool($granted)) {
            return false;
        }
    }
    return true;
}
