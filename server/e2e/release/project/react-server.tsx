import { renderToString } from 'react-dom/server';

import { Page } from './react.js';

console.log('<!doctype html>' + renderToString(<Page />).replace('</body>', '<script type="module" src="/react.js"></script></body>'));
