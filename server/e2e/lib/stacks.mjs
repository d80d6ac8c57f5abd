// Other people's sites, as Debian has them: WordPress with MariaDB, and Django.
import { copyFile, cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { freePort, startProgram } from './programs.mjs';
import { folder, repository, run } from './server.mjs';

const stacks = path.join(repository, 'docs/stacks');

/** Starts PHP's own server, or Django's, on a free port; returns its URL. */
async function listening(after, command, options) {
  const port = await freePort();
  await startProgram(after, command(port), { port, host: '127.0.0.1' }, options);
  return `http://127.0.0.1:${port}`;
}

// What stands for the WP Consent API, which Debian has not: its two functions, by
// its documentation, and a note of who called them. And a plugin whose script
// waits, with what WordPress prints before and after it.
const others = `<?php
/* Plugin Name: Others */
add_action('wp_enqueue_scripts', function () {
  wp_register_script('consent-api', false);
  wp_enqueue_script('consent-api');
  wp_add_inline_script('consent-api', 'var consents = {}; function wp_set_consent(name, value) { consents[name] = value; } function wp_has_consent(name) { return consents[name] === "allow"; }');
  wp_enqueue_script('counter', home_url('/counter.js'), [], null);
  wp_add_inline_script('counter', 'var ran = ["before"];', 'before');
  wp_add_inline_script('counter', 'ran.push("after");');
});
`;

const install = (settings) => `<?php
define('WP_INSTALLING', true);
$_SERVER['HTTP_HOST'] = '127.0.0.1';
require_once __DIR__ . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
require_once ABSPATH . 'wp-admin/includes/plugin.php';
wp_install('Rivemont', 'admin', 'admin@rivemont.example', true, '', 'secret');
switch_theme('twentytwentythree');
foreach (['others.php', 'temoin/temoin.php'] as $plugin) {
  $fault = activate_plugin($plugin);
  if (is_wp_error($fault)) exit($fault->get_error_message());
}
foreach (json_decode(${JSON.stringify(JSON.stringify(settings))}, true) as $name => $value) update_option($name, $value);
wp_set_current_user(1); // whose pages may hold frames
wp_insert_post(['post_title' => 'Video', 'post_name' => 'video', 'post_type' => 'page', 'post_status' => 'publish',
  'post_content' => '<!-- wp:shortcode -->[temoin category="third-party" service="video"]<iframe src="/frame.html" title="Video" width="400" height="225"></iframe>[/temoin]<!-- /wp:shortcode -->']);
echo 'installed';
`;

/**
 * Starts WordPress, with the plugin of docs/stacks and a page /?pagename=video that
 * holds its shortcode.
 * @param settings options of WordPress, by name
 * @returns its URL
 */
export async function startWordPress(after, settings) {
  const dir = await folder(after);
  const [root, data, socket] = ['site', 'data', 'db.sock'].map((name) => path.join(dir, name));
  const plugins = path.join(root, 'wp-content/plugins');
  await cp('/usr/share/wordpress', root, { recursive: true, dereference: true });
  await mkdir(plugins, { recursive: true });
  await cp(path.join(stacks, 'wordpress/temoin'), path.join(plugins, 'temoin'), { recursive: true });
  await writeFile(path.join(plugins, 'others.php'), others);
  await writeFile(path.join(root, 'wp-config.php'), `<?php
define('DB_NAME', 'wordpress'); define('DB_USER', 'root'); define('DB_PASSWORD', ''); define('DB_HOST', 'localhost:${socket}');
define('DB_CHARSET', 'utf8mb4'); define('DB_COLLATE', '');
define('WP_HOME', 'http://' . $_SERVER['HTTP_HOST']); define('WP_SITEURL', WP_HOME);
define('DISABLE_WP_CRON', true); define('WP_HTTP_BLOCK_EXTERNAL', true); define('AUTOMATIC_UPDATER_DISABLED', true);
define('WP_DEBUG', true); define('WP_DEBUG_DISPLAY', true);
$table_prefix = 'wp_';
defined('ABSPATH') || define('ABSPATH', __DIR__ . '/');
require ABSPATH . 'wp-settings.php';
`);
  const own = process.getuid() === 0 ? ['--user=root'] : [];
  await run('mariadb-install-db', ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db', ...own]);
  await startProgram(after, ['/usr/sbin/mariadbd', '--no-defaults', `--datadir=${data}`, `--socket=${socket}`, `--pid-file=${dir}/pid`, '--skip-networking', '--innodb-buffer-pool-size=32M', ...own], { path: socket });
  await run('php', ['-r', `(new mysqli('localhost', 'root', '', '', 0, '${socket}'))->query('CREATE DATABASE wordpress');`]);
  await writeFile(path.join(root, 'install.php'), install(settings));
  const { stdout } = await run('php', ['install.php'], { cwd: root });
  if (!stdout.endsWith('installed')) throw new Error(`WordPress was not installed: ${stdout}`);
  return listening(after, (port) => ['php', '-S', `127.0.0.1:${port}`, '-t', root]);
}

const djangoSite = `
import sys
from django.conf import settings
settings.configure(
    DEBUG=False, ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="of a test", TEMOIN_CATALOGUE=sys.argv[2],
    MIDDLEWARE=["temoin_django.Middleware"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": {"context_processors": ["django.template.context_processors.request"]}}],
)
import django
django.setup()
from django.http import HttpResponse
from django.template import engines
from django.urls import path
from django.core.wsgi import get_wsgi_application
PAGE = engines["django"].from_string("""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Django</title>
<script src="/temoin/temoin.js"></script></head><body><p id="said">{% if request.consent.video %}video{% else %}no video{% endif %},
{% if request.consent.third_party %}third{% else %}no third{% endif %},
{% if request.consent.necessary %}necessary{% else %}not even that{% endif %}</p></body></html>""")
urlpatterns = [
    path("", lambda request: HttpResponse(PAGE.render({}, request))),
    path("plain", lambda request: HttpResponse("nothing of the choice")),
]
if __name__ == "__main__":
    sys.modules[settings.ROOT_URLCONF] = sys.modules["__main__"]
    from wsgiref.simple_server import make_server
    make_server("127.0.0.1", int(sys.argv[1]), get_wsgi_application()).serve_forever()
`;

/**
 * Starts a Django site with the middleware of docs/stacks.
 * @param catalogue the address of catalogue.json
 * Debian's Python has Debian's Django.
 * @returns its URL; "/" shows what the visitor allowed, "/plain" asks nothing
 */
export async function startDjango(after, catalogue) {
  const dir = await folder(after);
  await Promise.all([
    copyFile(path.join(stacks, 'django/temoin_django.py'), path.join(dir, 'temoin_django.py')),
    copyFile(path.join(repository, 'docs/helpers/temoin.py'), path.join(dir, 'temoin.py')),
    writeFile(path.join(dir, 'site_of_test.py'), djangoSite),
  ]);
  return listening(after, (port) => ['/usr/bin/python3', 'site_of_test.py', String(port), catalogue], { cwd: dir });
}
