<?php

/**
 * Plugin Name: Témoin
 * Description: The cookie banner Témoin: its tag, scripts and contents that wait for consent, and the WP Consent API.
 * Version: 1.0.0
 * Requires at least: 5.9
 * Requires PHP: 8.0
 * License: MIT
 */

declare(strict_types=1);

defined('ABSPATH') || exit;

/** What the visitor's answer about one of Témoin's categories is called in the WP Consent API. */
const TEMOIN_CONSENT_API = [
    'statistics' => 'statistics',
    'preferences' => 'first-party',
    'marketing' => 'third-party',
];

/** The address of temoin.js. */
function temoin_loader(): string
{
    return (string) get_option('temoin_loader') ?: '/temoin/temoin.js';
}

/**
 * The scripts that wait, by their handle: [category, service], the service "" for the whole category.
 * The setting has a line for each: handle category service.
 */
function temoin_waiting(): array
{
    $waiting = [];
    foreach (preg_split('/\R/', (string) get_option('temoin_scripts')) as $line) {
        $words = preg_split('/\s+/', trim($line));
        if (count($words) >= 2) {
            $waiting[$words[0]] = [$words[1], $words[2] ?? ''];
        }
    }
    return apply_filters('temoin_scripts', $waiting);
}

/** The attributes by which an element waits for a category, or for one of its services. */
function temoin_attributes(string $category, string $service): string
{
    $attributes = sprintf(' data-consent="%s"', esc_attr($category));
    return $service === '' ? $attributes : $attributes . sprintf(' data-service="%s"', esc_attr($service));
}

// The tag comes before everything else. Its attributes keep it out of the reach of
// plugins that join scripts or put them off.
add_action('wp_head', function (): void {
    printf(
        '<script src="%s" data-cfasync="false" data-no-optimize="1" data-no-minify="1" data-no-defer="1"></script>' . "\n",
        esc_url(temoin_loader())
    );
}, PHP_INT_MIN);

// A script that waits is printed with all that WordPress prints with it: what is
// set before it, and what is done after it.
add_filter('script_loader_tag', function (string $tag, string $handle): string {
    [$category, $service] = temoin_waiting()[$handle] ?? ['', ''];
    if ($category === '') {
        return $tag;
    }
    return preg_replace_callback('/<script\b([^>]*)>/i', function (array $found) use ($category, $service): string {
        $isModule = (bool) preg_match('/\stype=(["\']?)module\1/i', $found[1]);
        $rest = preg_replace('/\stype=("[^"]*"|\'[^\']*\'|[^\s>]+)/i', '', $found[1]);
        return '<script type="text/plain"' . ($isModule ? ' data-type="module"' : '')
            . temoin_attributes($category, $service) . $rest . '>';
    }, $tag);
}, PHP_INT_MAX, 2);

// [temoin category="third-party" service="youtube"]…[/temoin]: what it holds waits.
add_shortcode('temoin', function ($given, ?string $content): string {
    $given = shortcode_atts(['category' => '', 'service' => ''], $given, 'temoin');
    if ($given['category'] === '') {
        return '<!-- [temoin] needs a category -->'; // and shows nothing: nobody was asked
    }
    return '<template' . temoin_attributes($given['category'], $given['service']) . '>'
        . do_shortcode((string) $content) . '</template>';
});

// ---- the WP Consent API, where it is installed ----

add_filter('wp_consent_api_registered_' . plugin_basename(__FILE__), '__return_true');
add_filter('wp_get_consent_type', fn (): string => 'optin');

// Other plugins read in WordPress's own cookies what was answered here. Where nothing
// was answered, nothing is written, and what an earlier answer allowed is taken back.
add_action('wp_head', function (): void {
    $categories = wp_json_encode(apply_filters('temoin_consent_api', TEMOIN_CONSENT_API));
    echo <<<HTML
    <script data-cfasync="false" data-no-optimize="1" data-no-minify="1" data-no-defer="1">
    (() => {
      const tell = () => {
        if (typeof wp_set_consent !== 'function') return;
        for (const [name, id] of Object.entries($categories)) {
          if (temoin.choice) wp_set_consent(name, temoin.has(id) ? 'allow' : 'deny');
          else if (typeof wp_has_consent === 'function' && wp_has_consent(name)) wp_set_consent(name, 'deny');
        }
      };
      window.wp_consent_type = 'optin';
      document.dispatchEvent(new CustomEvent('wp_consent_type_defined'));
      document.addEventListener('DOMContentLoaded', () => window.temoin?.ready.then(tell));
      document.addEventListener('temoin:change', tell);
    })();
    </script>

    HTML;
}, PHP_INT_MIN);

// ---- Settings → Témoin ----

add_action('admin_init', function (): void {
    register_setting('temoin', 'temoin_loader', ['type' => 'string', 'sanitize_callback' => 'esc_url_raw']);
    register_setting('temoin', 'temoin_scripts', ['type' => 'string', 'sanitize_callback' => 'sanitize_textarea_field']);
});

add_action('admin_menu', function (): void {
    add_options_page('Témoin', 'Témoin', 'manage_options', 'temoin', 'temoin_settings');
});

function temoin_settings(): void
{
    echo '<div class="wrap"><h1>Témoin</h1><form method="post" action="options.php">';
    settings_fields('temoin');
    printf(
        '<p><label for="temoin_loader">Address of temoin.js</label><br>'
        . '<input class="regular-text" id="temoin_loader" name="temoin_loader" value="%s" placeholder="/temoin/temoin.js"></p>',
        esc_attr((string) get_option('temoin_loader'))
    );
    printf(
        '<p><label for="temoin_scripts">Scripts that wait, one a line: handle category service</label><br>'
        . '<textarea class="large-text code" rows="6" id="temoin_scripts" name="temoin_scripts" placeholder="matomo statistics matomo">%s</textarea></p>',
        esc_textarea((string) get_option('temoin_scripts'))
    );
    submit_button();
    echo '</form></div>';
}
