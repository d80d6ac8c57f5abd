// The tag, the gate and the visitor's answer for Vue. On a server, and until the page is
// hydrated, nothing is allowed.
import { computed, defineComponent, h, onBeforeUnmount, onMounted, shallowRef, toValue, watch } from 'vue';

import { choice, has, holdFrame, holdScript, load, subscribe, tagAttributes } from './index.js';

/** A value that is asked anew when the answer may have changed; before the page is hydrated, it is before. */
function following(ask, before) {
  const changes = shallowRef(0);
  let end = () => {};
  onMounted(() => {
    end = subscribe(() => { changes.value++; });
    changes.value++;
  });
  onBeforeUnmount(() => end());
  return computed(() => (changes.value ? ask() : before));
}

/** Whether a category or a service is allowed. */
export const useConsent = (id) => following(() => has(toValue(id)), false);

/** The visitor's answer, or null. */
export const useChoice = () => following(choice, null);

/** The tag, for the head of the page. */
export const Temoin = defineComponent({
  name: 'Temoin',
  props: { src: String, lang: String, open: String },
  setup(props) {
    onMounted(() => load(props).catch((error) => console.error(error.message)));
    return () => h('script', tagAttributes(props));
  },
});

/** What stands in its slot where a category or a service is allowed, else its slot fallback. */
export const Consent = defineComponent({
  name: 'Consent',
  props: { to: { type: String, required: true } },
  setup(props, { slots }) {
    const allowed = useConsent(() => props.to);
    return () => (allowed.value ? slots.default?.() : slots.fallback?.());
  },
});

const held = { category: { type: String, required: true }, service: String, src: { type: String, required: true } };

/** A script that waits for what it needs. */
export const ConsentScript = defineComponent({
  name: 'ConsentScript',
  inheritAttrs: false,
  props: { ...held, module: Boolean },
  setup(props, { attrs }) {
    onMounted(() => watch(() => ({ ...props }), (now) => holdScript({ ...now, attributes: attrs }), { immediate: true }));
    return () => null;
  },
});

/** A frame, in the place of which a placeholder asks until it is allowed. */
export const ConsentFrame = defineComponent({
  name: 'ConsentFrame',
  inheritAttrs: false,
  props: { ...held, title: { type: String, required: true } },
  setup(props, { attrs }) {
    const place = shallowRef(null);
    onMounted(() => watch(() => ({ ...props }), (now, before, onCleanup) => {
      const { class: _, style, ...attributes } = attrs;
      onCleanup(holdFrame(place.value, { ...now, attributes }));
    }, { immediate: true }));
    return () => h('div', { ref: place, class: attrs.class, style: attrs.style });
  },
});
