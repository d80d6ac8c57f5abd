// A page whose body holds an application of Vue's, rendered by the server.
import { createSSRApp, h, ref } from 'vue';

export const app = () => createSSRApp({
  setup() {
    const view = ref('a');
    const count = ref(0);
    return () => [
      h('nav', [
        h('a', { href: '#b', id: 'to-b', onClick: () => { view.value = 'b'; } }, 'b'),
        h('a', { href: '#a', id: 'to-a', onClick: () => { view.value = 'a'; } }, 'a'),
        h('a', { href: '#temoin', id: 'cookies' }, 'cookies'),
      ]),
      h('main', { key: view.value }, [
        h('h1', `View ${view.value}`),
        h('button', { id: 'count', onClick: () => { count.value += 1; } }, String(count.value)),
      ]),
    ];
  },
});
