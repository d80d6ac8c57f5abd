// A page that is React's from <html> on, as Next's are: it has two views, and changes
// its language with them.
import { createElement as h, useState } from 'react';

export function App() {
  const [view, setView] = useState('a');
  const [count, setCount] = useState(0);
  return h('html', { lang: view === 'a' ? 'fr' : 'en' },
    h('head', null,
      h('meta', { charSet: 'utf-8' }),
      h('script', { src: '/temoin.js' }),
      h('title', null, `View ${view}`)),
    h('body', { className: `view-${view}` },
      h('nav', null,
        h('a', { href: '#b', id: 'to-b', onClick: () => setView('b') }, 'b'),
        h('a', { href: '#a', id: 'to-a', onClick: () => setView('a') }, 'a'),
        h('a', { href: '#temoin', id: 'cookies' }, 'cookies')),
      h('main', { key: view },
        h('h1', null, `View ${view}`),
        h('button', { id: 'count', onClick: () => setCount(count + 1) }, count)),
      h('script', { src: '/client.js' })));
}
