import { app } from './vue-app.js';

app().mount('#app');
