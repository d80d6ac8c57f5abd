<?php

/**
 * What a visitor has allowed, read from the cookie that Témoin keeps it in.
 *
 * PHP 8.0 or later. $catalogue is what /temoin/catalogue.json holds, as
 * json_decode($json, true) returns it. Whatever is in doubt counts as no choice.
 */

declare(strict_types=1);

/**
 * What stands of a Cookie header's newest record, or null: ask, and allow nothing.
 * 'asked' names what is new or has changed, and waits for an answer.
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
        if ($record === null || !temoin_lasts($record['at'], $catalogue, $now)) {
            continue;
        }
        $record = temoin_stand($record, $catalogue, $now);
        if ($record !== null && ($newest === null || $record['at'] > $newest['at'])) {
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
    if (!isset($catalogue['marks'][$category['id']])) { // nothing is in it
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
    $v = $record instanceof stdClass ? temoin_whole($record->v ?? null) : 0;
    $mark = '[\w-]{3}([\w-]{3}([\w-]{3}(s|[1-9]\d{0,3}[ihdwmy]))*)?';
    $round = "$mark(~$mark)*";
    $good = $record instanceof stdClass
        && ($v === 1 || $v === 2 && is_string($record->of ?? null) && preg_match("/\A(?=.)($round)?(![0-9a-z]{1,9}\.$round)*\z/", $record->of))
        && is_string($record->id ?? null) && preg_match('/\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\z/', $record->id)
        && is_string($record->rev ?? null) && preg_match('/\A[0-9a-f]{8}\z/', $record->rev)
        && temoin_whole($record->at ?? null) > 0
        && temoin_answers($record->choices ?? null)
        && (!property_exists($record, 'services') || temoin_answers($record->services));
    if (!$good) {
        return null;
    }
    return [
        'v' => $v,
        'id' => $record->id,
        'rev' => $record->rev,
        'at' => temoin_whole($record->at),
        'choices' => (array) $record->choices,
        'services' => (array) ($record->services ?? []),
        'of' => $v === 2 ? $record->of : '',
    ];
}

/** What of a record stands for the catalogue, an answer for each category, or null. */
function temoin_stand(array $record, array $catalogue, int $now): ?array
{
    $marks = $catalogue['marks'] ?? [];
    $recorded = [];
    $whole = $record['rev'] === $catalogue['rev']; // then it counts as it says, until the first answer is over
    foreach (temoin_rounds($record, $catalogue) as [$at, $round]) {
        $lasts = temoin_lasts($at, $catalogue, $now);
        $whole = $whole && $lasts;
        foreach ($lasts ? $round : [] as $mark) {
            $recorded[substr($mark, 0, 3)][] = $mark;
        }
    }
    $states = [];
    $exempt = [];
    foreach (temoin_offered($catalogue) as [$category, $services]) {
        $granted = $record['choices'][$category['id']] ?? null;
        $answered = isset($recorded[$marks[$category['id']]]);
        $its = [];
        foreach ($services as $service) {
            $id = $service['id'];
            $was = $recorded[substr($marks[$id], 0, 3)] ?? [];
            $says = $record['services'][$id] ?? $granted;
            $covered = array_filter($was, fn ($old) => temoin_covers($old, $marks[$id]));
            if ($whole) {
                $its[] = $states[$id] = (bool) $says;
            } elseif ($was && $says === false || !isset($record['services'][$id]) && $answered && $granted === false) {
                $its[] = $states[$id] = false;
            } else {
                $its[] = $states[$id] = $says && $covered ? true : null;
            }
            $exempt[$id] = ($service['anonymous'] ?? false) || ($category['anonymous'] ?? false);
        }
        $stands = $answered && ($granted === false || $granted && (in_array(true, $its, true) || !in_array(null, $its, true)));
        $states[$category['id']] = $whole ? (bool) $granted : ($stands ? $granted : null);
        $exempt[$category['id']] = $category['anonymous'] ?? false;
    }
    if (array_filter($states, 'is_bool') === []) {
        return null;
    }
    // An exempt measure that comes new is on, but for who has refused everything.
    $allows = in_array(true, $states, true);
    $granted = fn (string $id): bool => $states[$id] ?? ($allows && $exempt[$id]);
    $view = ['choices' => [], 'services' => [], 'asked' => []] + $record;
    foreach ($catalogue['categories'] as $category) {
        if ($category['necessary'] ?? false) {
            $view['choices'][$category['id']] = true;
        }
    }
    foreach (temoin_offered($catalogue) as [$category, $services]) {
        $view['choices'][$category['id']] = $granted($category['id']);
        $open = [];
        foreach (array_column($services, 'id') as $id) {
            if ($granted($id) !== $granted($category['id'])) {
                $view['services'][$id] = $granted($id);
            }
            if ($states[$id] === null && !$exempt[$id]) {
                $open[] = $id;
            }
        }
        if ($open && $states[$category['id']] === null && !$exempt[$category['id']]) {
            $view['asked'][] = $category['id'];
        }
        array_push($view['asked'], ...$open);
    }
    return $view;
}

/** The categories that can be refused, each with its services. */
function temoin_offered(array $catalogue): array
{
    $offered = [];
    foreach ($catalogue['categories'] as $category) {
        if (isset($catalogue['marks'][$category['id']])) {
            $isIn = fn ($service) => $service['category'] === $category['id'];
            $offered[] = [$category, array_values(array_filter($catalogue['services'] ?? [], $isIn))];
        }
    }
    return $offered;
}

/** What the answers are answers to: when, and the marks of what was answered then. */
function temoin_rounds(array $record, array $catalogue): array
{
    $rounds = [];
    if ($record['v'] === 2) {
        foreach (explode('!', $record['of']) as $round) {
            [$marks, $at] = array_reverse(explode('.', $round)) + [1 => ''];
            $rounds[] = [$at === '' ? $record['at'] : (int) base_convert($at, 36, 10), array_filter(explode('~', $marks))];
        }
        return $rounds;
    }
    // Version 1 says so by its revision alone: of another catalogue, what was refused stands.
    $marks = [];
    $add = function (string $id, bool $granted) use (&$marks, $record, $catalogue): void {
        if (!$granted || $record['rev'] === $catalogue['rev']) {
            $marks[] = $granted ? $catalogue['marks'][$id] : substr($catalogue['marks'][$id], 0, 3);
        }
    };
    foreach (temoin_offered($catalogue) as [$category, $services]) {
        $granted = $record['choices'][$category['id']] ?? null;
        if ($granted === null) {
            continue;
        }
        $add($category['id'], $granted);
        foreach (array_column($services, 'id') as $id) {
            $apart = $record['services'][$id] ?? ($granted ?: null);
            if ($apart !== null) {
                $add($id, $apart);
            }
        }
    }
    return [[$record['at'], $marks]];
}

/** Whether an answer to what one mark stands for is one to what another does. */
function temoin_covers(string $was, string $is): bool
{
    $known = temoin_cookies($was);
    foreach (temoin_cookies($is) as $name => $lasting) {
        if (($known[$name] ?? -1) < $lasting) {
            return false;
        }
    }
    return substr($was, 0, 6) === substr($is, 0, 6);
}

/** The cookies of a mark: for how many minutes each lives, by what names it. */
function temoin_cookies(string $mark): array
{
    $minutes = ['s' => 0, 'i' => 1, 'h' => 60, 'd' => 1440, 'w' => 10080, 'm' => 43200, 'y' => 525600];
    preg_match_all('/(...)(\d*)(.)/', substr($mark, 6), $found, PREG_SET_ORDER);
    $cookies = [];
    foreach ($found as [, $name, $count, $unit]) {
        $cookies[' ' . $name] = (int) $count * $minutes[$unit];
    }
    return $cookies;
}

function temoin_lasts(int $at, array $catalogue, int $now): bool
{
    return $now - $at >= -86400 && $now - $at <= $catalogue['lifetime'];
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
