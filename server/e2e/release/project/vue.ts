import { createSSRApp, defineComponent, h, onMounted, ref } from 'vue';

import { Consent, ConsentFrame, ConsentScript, Temoin, useChoice, useConsent } from 'temoin/vue';

const gated = { category: 'third-party', service: 'youtube' };

const Page = defineComponent(() => {
  const clicks = ref(0);
  const allowed = useConsent('youtube');
  const answer = useChoice();
  onMounted(() => { Object.assign(window, { begun: true }); });
  return () => h('main', [
    h(Temoin, { src: '/temoin.js' }),
    h('button', { id: 'counter', onClick: () => { clicks.value++; } }, clicks.value),
    h('p', { id: 'allowed' }, `${allowed.value} ${answer.value?.choices['third-party'] ?? null}`),
    h(ConsentScript, { ...gated, src: '/gated.js', 'data-from': 'vue' }),
    h('div', { id: 'gate' }, [h(Consent, { to: 'youtube' }, { default: () => h('i', 'yes'), fallback: () => h('b', 'no') })]),
    h(ConsentFrame, { ...gated, src: '/frame.html', title: 'A film', width: '400', height: '300', class: 'film' }),
  ]);
});

export const app = () => createSSRApp(Page);
