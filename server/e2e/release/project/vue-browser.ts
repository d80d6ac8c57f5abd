import { app } from './vue.js';

app().mount('#app');
document.documentElement.dataset.begun = '';
